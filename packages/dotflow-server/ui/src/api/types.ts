/** The shapes of the JSON API, as docs/server-protocol.md has them. */

export interface ShortError {
  task?: string | null;
  exception: string;
  message: string;
}

export interface RunRow {
  run_id: string;
  workflow: string;
  workflow_id: string | null;
  mode: string;
  status: string;
  started: string | null;
  finished: string | null;
  duration: number | null;
  tasks: number | null;
  host: string | null;
  user: string | null;
  started_by: string | null;
  command: string | null;
  tags: string[];
  params: Record<string, unknown>;
  commit: string | null;
  parent: string | null;
  retry_of: string | null;
  resumed_from: string | null;
  error: ShortError | null;
}

export interface Items {
  total: number | null;
  done: number;
  failed: number;
  running: number;
}

export interface TaskNode {
  name: string;
  state: string;
  kind: "task" | "map" | "workflow" | "condition";
  group: string | null;
  /** The sub-workflow that it is of. */
  parent: string | null;
  upstream: string[];
  attempts: number;
  started: string | null;
  finished: string | null;
  duration: number | null;
  waited: number | null;
  error: ShortError | null;
  items: Items | null;
  /** Why it will not run, or why it ended. */
  reason: string;
  restored: boolean;
  cached: boolean;
  progress: { done: number; total: number | null; text: string | null } | null;
}

export interface Attempt {
  task: string;
  index: number | null;
  attempt: number;
  started: string | null;
  finished: string | null;
  state: string;
  waited: number | null;
  delay: number | null;
  worker: string | null;
  error: ShortError | null;
}

export interface Can {
  cancel: boolean;
  retry: boolean;
  why: string | null;
}

export interface RunDetail {
  run: RunRow;
  identity: Record<string, unknown>;
  facts: Record<string, unknown>;
  seq: number;
  tasks: TaskNode[];
  attempts: Attempt[];
  root_failure: string | null;
  last_success: {
    run_id: string;
    started: string;
    duration: number | null;
    commit: string | null;
    params: Record<string, unknown>;
  } | null;
  artifacts_count: number;
  children: RunRow[];
  can: Can;
}

export interface Frame {
  file: string;
  line: number;
  function: string;
  code: string | null;
  yours: boolean;
}

export interface FullError extends ShortError {
  traceback: string | null;
  frames: Frame[];
}

export interface TaskDetail {
  task: TaskNode;
  attempts: Attempt[];
  inputs: { name: string; preview: string }[];
  output: { type: string; preview: string } | null;
  error: FullError | null;
  slowest: SlowItem[];
  failures: { index: number | null; attempt: number; exception: string; message: string }[];
  children: RunRow[];
}

export interface SlowItem {
  index: number | null;
  duration: number;
  state: string;
}

export interface OutputLine {
  seq: number;
  time: string;
  task: string | null;
  attempt: number | null;
  index: number | null;
  stream: "stdout" | "stderr" | "log";
  level: string | null;
  text: string;
}

export interface RunEvent {
  seq: number;
  time: string;
  event: string;
  task: string | null;
  attempt: number | null;
  index: number | null;
  detail: unknown;
}

export interface Artifact {
  name: string;
  kind: string;
  task: string | null;
  attempt: number | null;
  index: number | null;
  size: number | null;
  time: string;
  value: unknown;
}

export interface FailureGroup {
  workflow: string;
  task: string | null;
  error: string;
  shape: string;
  count: number;
  first: string;
  last: string;
  run_id: string;
  message: string;
}

export interface Now {
  counts: Record<string, number>;
  running: RunRow[];
  waiting: RunRow[];
  failed: RunRow[];
  late: { schedule: string; due: string; by: number }[];
  upcoming: { schedule: string; workflow: string; next: string; zone: string | null }[];
}

export interface Schedule {
  name: string;
  workflow: string;
  cron: string | null;
  zone: string | null;
  status: string;
  paused: boolean;
  next: string[];
  missed: string[];
  last: { run_id: string | null; started: string; status: string } | null;
  host: string | null;
  pid: number | null;
  can_run: boolean;
}

export interface WorkflowRow {
  name: string;
  runs: number;
  success_rate: number | null;
  last: RunRow | null;
  p50: number | null;
  p95: number | null;
  schedules: string[];
}

export interface WorkflowDetail {
  name: string;
  counts: Record<string, number>;
  durations: { run_id: string; started: string; duration: number | null; status: string }[];
  p50: number | null;
  p95: number | null;
  last: RunRow | null;
  tasks: TaskNode[];
  success_rate: number | null;
  schedules: Schedule[];
}

export interface TaskHistory {
  points: { run_id: string; started: string; duration: number | null; state: string }[];
  failures: FailureGroup[];
  last_inputs: { name: string; preview: string }[];
  slowest: SlowItem[];
}

export interface Difference {
  name: string;
  left: unknown;
  right: unknown;
}

export interface Side {
  state: string;
  duration: number | null;
  attempts: number;
}

export interface Comparison {
  left: RunRow;
  right: RunRow;
  params: Difference[];
  identity: Difference[];
  tasks: { name: string; left: Side | null; right: Side | null; delta: number | null }[];
}

export interface Meta {
  version: string;
  mode: "ui" | "server";
  store: string;
  capabilities: string[];
  scopes: string[];
  can: { cancel: boolean; retry: boolean; schedules: boolean; admin: boolean };
}

export interface Admin {
  store: { kind: string; size: number | null; runs: number; events: number | null };
  retention: string | null;
  health: { name: string; ok: boolean; text: string }[];
  version: string;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  created: string;
  expires: string | null;
  last_used: string | null;
  revoked: boolean;
}

export interface AuditEntry {
  time: string;
  who: string;
  action: string;
  target: string;
}
