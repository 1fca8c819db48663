/** A run: opens on what failed first. */

import { useEffect } from "preact/hooks";

import { get, part } from "../api/client";
import { watchRun } from "../api/live";
import { useResource } from "../api/resource";
import type { RunDetail } from "../api/types";
import { query, setQuery } from "../lib/router";
import { isLive } from "../lib/states";
import { GraphView } from "../graph/graph-view";
import { Loading, Trouble } from "../parts/basics";
import { Output } from "../parts/output";
import { Tabs, chosenTab, type Tab } from "../parts/tabs";
import { Timeline } from "../parts/timeline";
import { Artifacts } from "./artifacts";
import { Inspector } from "./inspector";
import { useTitle } from "./page";
import { RunDetails, RunEvents } from "./run-details";
import { RunHead } from "./run-head";

export function RunPage({ id }: { id: string }) {
  useTitle("Run");
  useEffect(() => watchRun(id), [id]);
  const { data, error, refresh } = useResource(
    id,
    (abort) => get<RunDetail>(`/runs/${part(id)}`, {}, abort),
    (change) => change.kind === "run" && change.run_id === id,
  );
  const detail = data.value;
  if (!detail) return error.value ? <Trouble error={error.value} /> : <Loading />;
  return <Run detail={detail} refresh={refresh} />;
}

function Run({ detail, refresh }: { detail: RunDetail; refresh: () => void }) {
  const { run } = detail;
  useTitle(`${run.status}: ${run.workflow}`);
  const chosen = chosenTask(detail);
  const tabs: Tab[] = [
    { id: "timeline", label: "Timeline" },
    { id: "output", label: "Output" },
    { id: "artifacts", label: "Artifacts", count: detail.artifacts_count || undefined },
    { id: "events", label: "Events" },
    { id: "details", label: "Details" },
  ];
  const tab = chosenTab("tab", tabs);
  const choose = (task: string) => setQuery({ task });
  return (
    <>
      <RunHead detail={detail} refresh={refresh} />
      <GraphView tasks={detail.tasks} chosen={chosen} onChoose={choose} />
      <div class={`run ${chosen ? "inspecting" : ""}`}>
        <div class="run-main">
          <Tabs name="tab" tabs={tabs} label="Of this run" />
          <div class="tab-body" role="tabpanel" aria-label={tab}>
            {tab === "timeline" && (
              <Timeline
                detail={detail}
                chosen={chosen}
                onChoose={choose}
              />
            )}
            {tab === "output" && <Output run={run.run_id} live={isLive(run.status)} />}
            {tab === "artifacts" && <Artifacts detail={detail} />}
            {tab === "events" && <RunEvents detail={detail} />}
            {tab === "details" && <RunDetails detail={detail} />}
          </div>
        </div>
        {chosen && (
          <Inspector key={chosen} run={run.run_id} workflow={run.workflow} task={chosen} />
        )}
      </div>
    </>
  );
}

/** The task in the address; else what failed first; else none, and there is room for more. */
function chosenTask(detail: RunDetail): string | null {
  const asked = query.value.get("task");
  return asked === null ? detail.root_failure : asked || null;
}
