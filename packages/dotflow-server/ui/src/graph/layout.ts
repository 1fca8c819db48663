/** Asks the worker for layouts, and remembers the last ones. */

import LayoutWorker from "./layout.worker?worker";
import type { Layout, Spec } from "./spec";

const KEPT = 20;
const kept = new Map<string, Layout>();
const waiting = new Map<number, { key: string; tell: (layout: Layout) => void }>();
// Begun before there is a graph, so that it is ready when one comes.
const worker = new LayoutWorker();
let last = 0;

/** Lay out a graph; large ones are told twice, first as a draft. */
export function layOut(spec: Spec, tell: (layout: Layout) => void): () => void {
  const key = JSON.stringify(spec);
  const known = kept.get(key);
  if (known) {
    tell(known);
    return () => undefined;
  }
  const id = (last += 1);
  waiting.set(id, { key, tell });
  worker.postMessage({ id, spec });
  return () => void waiting.delete(id);
}

worker.onmessage = (event: MessageEvent<{ id: number; layout: Layout }>) => {
  const { id, layout } = event.data;
  const asked = waiting.get(id);
  if (!asked) return;
  kept.set(asked.key, layout);
  const oldest = kept.size > KEPT ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  asked.tell(layout);
};
