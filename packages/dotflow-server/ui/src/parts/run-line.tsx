/** A run in one line: its state, whose it is, why it failed, when, how long. */

import type { RunRow } from "../api/types";
import { duration, elapsed, plain, shortId } from "../lib/format";
import { to } from "../lib/router";
import { isLive } from "../lib/states";
import { Ago, Said } from "./basics";
import { State } from "./state";

export const RUN_LINE_HEIGHT = 40;
export const RUN_LINE_HEIGHT_NARROW = 60;

interface RunLineProps {
  run: RunRow;
  chosen?: boolean;
  marked?: boolean;
  onMark?: (on: boolean) => void;
}

export function RunLine({ run, chosen = false, marked, onMark }: RunLineProps) {
  return (
    <div class={`run-line ${chosen ? "chosen" : ""} ${marked ? "marked" : ""}`}>
      {onMark && (
        <input
          type="checkbox"
          checked={marked ?? false}
          aria-label={`Select run ${run.run_id}`}
          onChange={(event) => onMark(event.currentTarget.checked)}
        />
      )}
      <a href={to("runs", run.run_id)} class="run-link" aria-current={chosen ? "true" : undefined}>
        <State state={run.status} />
        <span class="run-name">
          <Said text={run.workflow} />
        </span>
        <span class="run-note">
          <Note run={run} />
        </span>
        <span class="run-id mono">{shortId(run.run_id)}</span>
        <span class="run-when">
          <Ago at={run.started} />
        </span>
        <span class="run-time">
          {duration(isLive(run.status) ? elapsed(run.started, null) : run.duration)}
        </span>
      </a>
    </div>
  );
}

/** Why it failed; else what is special about it. */
function Note({ run }: { run: RunRow }) {
  const { error } = run;
  if (error) {
    return (
      <>
        <span class="tone-bad">{error.exception}</span>
        {error.task && (
          <>
            {" in "}
            <Said text={error.task} />
          </>
        )}
        {error.message && ": "}
        <Said text={firstLine(error.message)} />
      </>
    );
  }
  return (
    <>
      {run.tags.map((tag) => (
        <span key={tag} class="tag">
          <Said text={tag} />
        </span>
      ))}
      <Said text={summary(run)} />
    </>
  );
}

function summary(run: RunRow): string {
  const params = Object.entries(run.params);
  if (params.length) return params.map(([name, value]) => `${name}=${plain(value)}`).join("  ");
  return run.command ?? "";
}

const firstLine = (text: string): string => text.split("\n", 1)[0]?.slice(0, 300) ?? "";
