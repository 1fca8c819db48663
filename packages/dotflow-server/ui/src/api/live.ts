/**
 * What changes, as it changes: one stream of server-sent events for all tabs.
 *
 * The tab that holds a lock reads the stream and passes on what it hears. Where a browser
 * offers no locks, which is so on plain HTTP away from loopback, each tab that can be seen
 * reads one of its own, so that no more are open than there are windows to look at.
 */

import { signal } from "@preact/signals";

import { signedOut } from "./client";
import { learn } from "./session";
import type { RunRow } from "./types";

export interface RunChange {
  run_id: string;
  status: string;
  seq: number;
  row?: RunRow | null;
}

/** What a tab hears: everything may have changed, the counts have, or one run has. */
export type Change = { kind: "all" } | { kind: "now" } | ({ kind: "run" } & RunChange);

type Message =
  | { type: "change"; change: Change }
  | { type: "online"; online: boolean }
  | { type: "want"; tab: string; runs: string[] }
  | { type: "who" };

/** Whether the stream is open, in whichever tab. */
export const online = signal(true);

const listeners = new Set<(change: Change) => void>();
const watched = new Map<string, number>();
const wants = new Map<string, string[]>();
const tab = Math.random().toString(36).slice(2);
const channel = new BroadcastChannel("dotflow-live");
const RETRY_MS = 1000;
const HIDDEN_MS = 30_000;

let leading = false;
let source: EventSource | null = null;
let opened = "";
let timer = 0;

export function listen(listener: (change: Change) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hear of each step of a run, not only of its beginning and end. */
export function watchRun(run: string): () => void {
  watched.set(run, (watched.get(run) ?? 0) + 1);
  tellWants();
  return () => {
    const left = (watched.get(run) ?? 1) - 1;
    if (left) watched.set(run, left);
    else watched.delete(run);
    tellWants();
  };
}

export function start(): void {
  channel.onmessage = (event: MessageEvent<Message>) => hear(event.data);
  signedOut.subscribe((out) => (out ? close() : leading && open()));
  addEventListener("pagehide", () => post({ type: "want", tab, runs: [] }));
  if (navigator.locks) {
    void navigator.locks.request("dotflow-live", () => {
      lead();
      return new Promise<never>(() => undefined);
    });
    return;
  }
  const look = () => (document.hidden ? follow() : lead());
  document.addEventListener("visibilitychange", look);
  look();
}

function hear(message: Message): void {
  if (message.type === "who") tellWants();
  else if (message.type === "want") {
    if (message.runs.length) wants.set(message.tab, message.runs);
    else wants.delete(message.tab);
    if (leading) open();
  } else if (leading) return;
  else if (message.type === "online") online.value = message.online;
  else tell(message.change);
}

function post(message: Message): void {
  channel.postMessage(message);
}

function tell(change: Change): void {
  for (const listener of [...listeners]) listener(change);
}

function pass(change: Change): void {
  post({ type: "change", change });
  tell(change);
}

function setOnline(value: boolean): void {
  online.value = value;
  post({ type: "online", online: value });
}

function tellWants(): void {
  const runs = [...watched.keys()];
  wants.set(tab, runs);
  if (leading) open();
  else post({ type: "want", tab, runs });
}

function lead(): void {
  leading = true;
  post({ type: "who" });
  open();
}

function follow(): void {
  leading = false;
  close();
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** Open the stream, or open it anew where other runs are watched than before. */
function open(): void {
  if (signedOut.value) return;
  const runs = [...new Set([...wants.values()].flat())].sort().join(",");
  if (source && runs === opened) return;
  close();
  opened = runs;
  source = new EventSource(`/api/v1/stream${runs && `?runs=${encodeURIComponent(runs)}`}`);
  source.addEventListener("hello", () => {
    setOnline(true);
    pass({ kind: "all" });
  });
  source.addEventListener("reset", () => pass({ kind: "all" }));
  source.addEventListener("now", () => pass({ kind: "now" }));
  source.addEventListener("run", (event) => {
    pass({ kind: "run", ...(JSON.parse((event as MessageEvent<string>).data) as RunChange) });
  });
  source.onerror = () => {
    close();
    setOnline(false);
    timer = window.setTimeout(() => void again(), document.hidden ? HIDDEN_MS : RETRY_MS);
  };
}

/** Ask first: a stream does not tell whether it was refused, or nobody was there. */
async function again(): Promise<void> {
  await learn();
  if (leading) open();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && leading && !source) open();
});
