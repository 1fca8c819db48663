/** Of which workflow a run is, how it stands, and what can be done about it. */

import { send, part } from "../api/client";
import { listen } from "../api/live";
import type { RunDetail } from "../api/types";
import { duration, elapsed, full, plain, plural, shortCommit } from "../lib/format";
import { go, query, to } from "../lib/router";
import { isLive, isOver } from "../lib/states";
import { tried } from "../lib/toast";
import { Ago, Button, Copy, Said } from "../parts/basics";
import { confirmed } from "../parts/dialog";
import { State } from "../parts/state";

/** So long a retry is awaited, to go to its page once its process has begun. */
const AWAITED_MS = 60_000;

interface RunHeadProps {
  detail: RunDetail;
  refresh: () => void;
}

export function RunHead({ detail, refresh }: RunHeadProps) {
  const { run } = detail;
  return (
    <header class="run-head">
      <div class="page-head">
        <h1>
          <a href={to("workflows", run.workflow)}>
            <Said text={run.workflow} />
          </a>
        </h1>
        <State state={run.status} />
        <span class="grow" />
        <Actions detail={detail} refresh={refresh} />
      </div>
      <p class="run-facts">
        <Copy text={run.run_id}>
          <span class="mono">{run.run_id}</span>
        </Copy>
        <span title={full(run.started)}>
          <Ago at={run.started} />
        </span>
        <span>{duration(isLive(run.status) ? elapsed(run.started, null) : run.duration)}</span>
        <span>{run.mode}</span>
        {run.user && (
          <span>
            <Said text={run.host ? `${run.user}@${run.host}` : run.user} />
          </span>
        )}
        {run.commit && <span class="mono">{shortCommit(run.commit)}</span>}
        {run.tags.map((tag) => (
          <a key={tag} class="tag" href={`/runs?tag=${encodeURIComponent(tag)}`}>
            <Said text={tag} />
          </a>
        ))}
        <Related label="part of" id={run.parent} />
        <Related label="retry of" id={run.retry_of} />
        {run.resumed_from !== run.retry_of && <Related label="resumed from" id={run.resumed_from} />}
      </p>
      <Since detail={detail} />
    </header>
  );
}

function Related({ label, id }: { label: string; id: string | null }) {
  if (!id) return null;
  return (
    <span>
      {label}{" "}
      <a href={to("runs", id)} class="mono">
        {id.slice(-8)}
      </a>
    </span>
  );
}

/** How this run differs from the last one that went well. */
function Since({ detail }: { detail: RunDetail }) {
  const { run, last_success: last } = detail;
  if (!last || last.run_id === run.run_id || !isOver(run.status) || run.status === "Completed") return null;
  const words: string[] = [];
  if (last.duration !== null && run.duration !== null) {
    const more = run.duration - last.duration;
    if (Math.abs(more) >= 0.001) words.push(`${duration(Math.abs(more))} ${more > 0 ? "shorter" : "longer"}`);
  }
  if (last.commit && run.commit) words.push(last.commit === run.commit ? "same commit" : "other commit");
  const changed = changedParams(run.params, last.params);
  if (changed) words.push(`${plural(changed, "other parameter")}`);
  const search = new URLSearchParams({ left: last.run_id, right: run.run_id });
  return (
    <p class="since">
      Last success:{" "}
      <a href={to("runs", last.run_id)}>
        <Ago at={last.started} />
      </a>
      {words.length > 0 && `, ${words.join(", ")}`} <a href={`/compare?${search}`}>Compare</a>
    </p>
  );
}

function changedParams(one: Record<string, unknown>, other: Record<string, unknown>): number {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => plain(one[name]) !== plain(other[name])).length;
}

function Actions({ detail, refresh }: RunHeadProps) {
  const { run, can } = detail;
  const chosen = query.value.get("task") ?? detail.root_failure;
  const from = detail.tasks.find((task) => task.name === chosen && isOver(task.state))?.name;
  if (isLive(run.status)) {
    return can.cancel ? (
      <Button danger onClick={() => void cancel(run.run_id, refresh)}>
        Cancel
      </Button>
    ) : null;
  }
  if (!can.retry) return can.why ? <ByHand command={can.why} /> : null;
  return (
    <>
      {from && (
        <Button onClick={() => void retry(run.run_id, from)} title={`Runs ${from} and all after it again`}>
          Retry from <bdi class="cut">{from}</bdi>
        </Button>
      )}
      <Button primary onClick={() => void retry(run.run_id, null)}>
        Retry
      </Button>
    </>
  );
}

/** What to type where the run cannot be begun again from here. */
function ByHand({ command }: { command: string }) {
  return (
    <Copy text={command}>
      <code class="cut why" title={command}>
        {command}
      </code>
    </Copy>
  );
}

async function cancel(id: string, refresh: () => void): Promise<void> {
  const text = "What goes on is interrupted; what is completed is kept, for a retry.";
  if (!(await confirmed("Cancel this run?", text, "Cancel the run"))) return;
  await tried(send(`/runs/${part(id)}/cancel`), "The run was asked to end.");
  refresh();
}

export async function retry(id: string, from: string | null): Promise<void> {
  const told = await tried(
    send<{ run_id: string | null }>(`/runs/${part(id)}/retry`, { from }),
    from ? `Runs again from ${from}.` : "Runs again.",
  );
  if (!told) return;
  if (told.run_id) return go(to("runs", told.run_id));
  const here = location.pathname;
  const silence = listen((change) => {
    const row = change.kind === "run" ? change.row : null;
    if (!row || ![row.retry_of, row.resumed_from].includes(id)) return;
    silence();
    if (location.pathname === here) go(to("runs", row.run_id));
  });
  setTimeout(silence, AWAITED_MS);
}
