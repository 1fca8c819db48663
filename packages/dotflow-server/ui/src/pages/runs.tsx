/** All runs, narrowed by what one asks for. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { listen } from "../api/live";
import { meta } from "../api/session";
import { useMovable } from "../lib/keyboard";
import { number } from "../lib/format";
import { go, query, to } from "../lib/router";
import { Empty, Loading, Trouble } from "../parts/basics";
import { RUN_LINE_HEIGHT, RUN_LINE_HEIGHT_NARROW, RunLine } from "../parts/run-line";
import { Tabs, chosenTab } from "../parts/tabs";
import { VirtualList } from "../parts/virtual-list";
import { BulkBar } from "./bulk-bar";
import { FailureGroups } from "./failure-groups";
import { Head } from "./page";
import { RunFilters, runQuery } from "./run-filters";
import { RunPages } from "./run-pages";

const TABS = [
  { id: "list", label: "All runs" },
  { id: "failures", label: "Failures, grouped" },
];
/** So many rows below the last one seen are fetched before one gets there. */
const AHEAD = 300;
const narrow = matchMedia("(max-width: 760px)");

export function RunsPage() {
  const grouped = chosenTab("view", TABS) === "failures";
  return (
    <div class="full">
      <Head title="Runs" />
      <Tabs name="view" tabs={TABS} label="Runs" />
      {grouped ? <FailureGroups /> : <RunList />}
    </div>
  );
}

function RunList() {
  const pages = useMemo(() => new RunPages(runQuery()), [query.value.toString()]);
  const cursor = useSignal(-1);
  const marked = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => {
    void pages.more();
    const silence = listen((change) => pages.hear(change));
    return () => {
      silence();
      pages.stop();
    };
  }, [pages]);
  const runs = pages.runs.value;
  const mark = (id: string, on: boolean) => {
    const next = new Set(marked.value);
    if (on) next.add(id);
    else next.delete(id);
    marked.value = next;
  };
  useMovable(
    useMemo(
      () => ({
        move: (by: number) => {
          const last = pages.runs.value.length - 1;
          cursor.value = Math.max(0, Math.min(last, cursor.value + by));
        },
        open: () => {
          const run = pages.runs.value[cursor.value];
          if (run) go(to("runs", run.run_id));
        },
        mark: () => {
          const run = pages.runs.value[cursor.value];
          if (run) mark(run.run_id, !marked.value.has(run.run_id));
        },
      }),
      [pages],
    ),
  );
  const height = narrow.matches ? RUN_LINE_HEIGHT_NARROW : RUN_LINE_HEIGHT;
  const can = meta.value?.can;
  const acts = Boolean(can?.cancel || can?.retry);
  return (
    <>
      <RunFilters />
      {pages.error.value && !runs.length && <Trouble error={pages.error.value} />}
      {!pages.known.value && !pages.error.value && <Loading />}
      {pages.known.value && !runs.length && <Nothing />}
      {runs.length > 0 && (
        <>
          <VirtualList
            class="run-list"
            label="Runs"
            count={runs.length}
            height={height}
            cursor={cursor.value}
            keyOf={(index) => runs[index]?.run_id ?? ""}
            onNear={(left) => left < AHEAD && void pages.more()}
            row={(index) => {
              const run = runs[index];
              if (!run) return null;
              return (
                <RunLine
                  run={run}
                  chosen={index === cursor.value}
                  marked={marked.value.has(run.run_id)}
                  {...(acts && { onMark: (on: boolean) => mark(run.run_id, on) })}
                />
              );
            }}
          />
          <p class="list-foot note">
            {number(runs.length)} {pages.complete.value ? "runs" : "newest runs, more below"}
          </p>
        </>
      )}
      <BulkBar marked={[...marked.value]} onDone={() => (marked.value = new Set())} />
    </>
  );
}

function Nothing() {
  if ([...query.value.keys()].length) {
    return (
      <Empty title="No run is like that">
        <a href="/runs">Show all runs</a>
      </Empty>
    );
  }
  return (
    <Empty title="No runs yet" command="dotflow start -w module:workflow">
      Each run that keeps its history in this store stands here.
    </Empty>
  );
}
