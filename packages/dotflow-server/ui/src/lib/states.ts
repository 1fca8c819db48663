/** The states of runs and tasks: each with a shape of its own, not only a colour. */

export type Shape =
  | "check"
  | "cross"
  | "bolt"
  | "ring"
  | "hollow"
  | "dots"
  | "skip"
  | "stop"
  | "again"
  | "pause"
  | "clock";

export type Tone = "good" | "bad" | "live" | "wait" | "quiet";

export interface Look {
  label: string;
  shape: Shape;
  tone: Tone;
}

const LOOKS: Record<string, Look> = {
  completed: { label: "Completed", shape: "check", tone: "good" },
  failed: { label: "Failed", shape: "cross", tone: "bad" },
  crashed: { label: "Crashed", shape: "bolt", tone: "bad" },
  timeout: { label: "Timed out", shape: "clock", tone: "bad" },
  missed: { label: "Missed", shape: "clock", tone: "bad" },
  "in progress": { label: "Running", shape: "ring", tone: "live" },
  active: { label: "Active", shape: "ring", tone: "live" },
  retry: { label: "Retrying", shape: "again", tone: "wait" },
  retried: { label: "Retried", shape: "again", tone: "wait" },
  waiting: { label: "Waiting", shape: "dots", tone: "wait" },
  new: { label: "Not started", shape: "hollow", tone: "quiet" },
  "not started": { label: "Not started", shape: "hollow", tone: "quiet" },
  paused: { label: "Paused", shape: "pause", tone: "quiet" },
  skipped: { label: "Skipped", shape: "skip", tone: "quiet" },
  cancelled: { label: "Cancelled", shape: "stop", tone: "quiet" },
  stopped: { label: "Stopped", shape: "stop", tone: "quiet" },
};

export function look(state: string): Look {
  return LOOKS[state.toLowerCase()] ?? { label: state, shape: "hollow", tone: "quiet" };
}

/** What somebody filters by, in the order of how much it concerns them. */
export const RUN_STATES = ["In progress", "Failed", "Crashed", "Cancelled", "Completed"];

export const isLive = (state: string): boolean => ["live", "wait"].includes(look(state).tone);
export const isBad = (state: string): boolean => look(state).tone === "bad";
export const isOver = (state: string): boolean => !isLive(state) && look(state).label !== "Not started";
