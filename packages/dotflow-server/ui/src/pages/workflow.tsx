/** A workflow: how often it goes well, how long it takes, its graph, its schedules. */

import { useSignal } from "@preact/signals";

import { get, part } from "../api/client";
import { useResource } from "../api/resource";
import type { RunRow, WorkflowDetail } from "../api/types";
import { GraphView } from "../graph/graph-view";
import { ago, duration, number, percent } from "../lib/format";
import { go, to } from "../lib/router";
import { Ago, Button, Figures, Loading, Said, Section, Trouble } from "../parts/basics";
import { DurationChart } from "../parts/chart";
import { RunLine } from "../parts/run-line";
import { Head } from "./page";

export function WorkflowPage({ name }: { name: string }) {
  const { data, error } = useResource(
    `workflow ${name}`,
    (abort) => get<WorkflowDetail>(`/workflows/${part(name)}`, {}, abort),
    (change) => change.kind === "now" || (change.kind === "run" && change.row?.workflow === name),
  );
  const detail = data.value;
  return (
    <>
      <Head
        title={name}
        aside={
          <a class="button" href={`/runs?workflow=${encodeURIComponent(name)}`}>
            All its runs
          </a>
        }
      />
      {error.value && !detail && <Trouble error={error.value} />}
      {!detail && !error.value && <Loading />}
      {detail && <Body detail={detail} />}
    </>
  );
}

function Body({ detail }: { detail: WorkflowDetail }) {
  const points = detail.durations.map(({ run_id, started, duration: took, status }) => ({
    started,
    duration: took,
    state: status,
    href: to("runs", run_id),
  }));
  return (
    <>
      <Figures figures={figuresOf(detail)} />
      {points.length > 0 && (
        <Section title="Durations" note="a dot is a run, a cross one that failed">
          <DurationChart points={points} label={`Durations of ${points.length} runs`} />
        </Section>
      )}
      <LastGraph detail={detail} />
      {detail.schedules.length > 0 && (
        <Section title="Schedules" note={detail.schedules.length}>
          <ul class="plain-list">
            {detail.schedules.map((schedule) => (
              <li key={schedule.name}>
                <a href="/schedules" class="grow">
                  <Said text={schedule.name} />
                </a>
                <span class="mono note">{schedule.cron}</span>
                <span class="note">
                  {schedule.paused ? "paused" : <Ago at={schedule.next[0]} />}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Recent workflow={detail.name} />
    </>
  );
}

function figuresOf(detail: WorkflowDetail): [string, string][] {
  const runs = Object.values(detail.counts).reduce((sum, count) => sum + count, 0);
  return [
    ["success", percent(detail.success_rate)],
    ["median", duration(detail.p50)],
    ["95 % within", duration(detail.p95)],
    ["runs", number(runs)],
  ];
}

function LastGraph({ detail }: { detail: WorkflowDetail }) {
  if (!detail.last || !detail.tasks.length) return null;
  return (
    <Section title="Graph" note={`as of the last run, ${ago(detail.last.started)}`}>
      <GraphView
        tasks={detail.tasks}
        chosen={null}
        onChoose={(task) => go(to("workflows", detail.name, "tasks", task))}
      />
    </Section>
  );
}

/** The newest runs, two of which can be compared. */
function Recent({ workflow }: { workflow: string }) {
  const marked = useSignal<string[]>([]);
  const { data } = useResource(
    `recent ${workflow}`,
    (abort) => get<{ runs: RunRow[] }>("/runs", { workflow, limit: 20 }, abort),
    (change) => change.kind === "run" && change.row?.workflow === workflow,
  );
  const runs = data.value?.runs ?? [];
  if (!runs.length) return null;
  const mark = (id: string, on: boolean) => {
    const rest = marked.value.filter((one) => one !== id);
    marked.value = on ? [...rest, id].slice(-2) : rest;
  };
  const compare = () => {
    // The older one stands to the left.
    const [right, left] = runs.filter((run) => marked.value.includes(run.run_id));
    if (left && right) go(`/compare?${new URLSearchParams({ left: left.run_id, right: right.run_id })}`);
  };
  return (
    <Section
      title="Newest runs"
      note="select two to compare"
      aside={
        <Button disabled={marked.value.length !== 2} onClick={compare}>
          Compare
        </Button>
      }
    >
      <div class="run-list" role="list">
        {runs.map((run) => (
          <div role="listitem" key={run.run_id}>
            <RunLine
              run={run}
              marked={marked.value.includes(run.run_id)}
              onMark={(on) => mark(run.run_id, on)}
            />
          </div>
        ))}
      </div>
    </Section>
  );
}
