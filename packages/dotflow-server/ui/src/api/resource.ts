/** A piece of the server's state that a page shows, kept fresh while it is shown. */

import { signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { ApiError, signedOut } from "./client";
import { listen, type Change } from "./live";

export interface Resource<T> {
  data: Signal<T | null>;
  error: Signal<ApiError | null>;
  refresh: () => void;
}

type Fetch<T> = (abort: AbortSignal) => Promise<T>;

const AWAY_MS = 1500;
const CALM_MS = 250;

/**
 * Fetch what a page shows, and again when a change concerns it.
 *
 * @param key What is fetched; another key is another resource.
 * @param fetch How.
 * @param concerns Which changes make it stale; each by default.
 */
export function useResource<T>(
  key: string,
  fetch: Fetch<T>,
  concerns: (change: Change) => boolean = () => true,
): Resource<T> {
  const resource = useMemo(() => create(fetch), [key]);
  useEffect(() => {
    resource.refresh();
    const silence = listen((change) => {
      if (change.kind === "all" || concerns(change)) resource.refresh();
    });
    const unsubscribe = signedOut.subscribe((out) => {
      if (!out && resource.error.peek()?.status === 401) resource.refresh();
    });
    return () => {
      silence();
      unsubscribe();
      resource.stop();
    };
  }, [resource]);
  return resource;
}

/**
 * One request at a time: what comes meanwhile is one more after it, and the next one
 * waits three times as long as the last one took, so that large pages ask less often.
 */
function create<T>(fetch: Fetch<T>): Resource<T> & { stop: () => void } {
  const data = signal<T | null>(null);
  const error = signal<ApiError | null>(null);
  let busy = false;
  let stale = false;
  let timer = 0;
  let abort = new AbortController();

  async function run(): Promise<void> {
    busy = true;
    stale = false;
    const began = performance.now();
    const mine = (abort = new AbortController());
    try {
      const found = await fetch(mine.signal);
      if (mine.signal.aborted) return;
      data.value = found;
      error.value = null;
    } catch (caught) {
      if (mine.signal.aborted) return;
      if (!(caught instanceof ApiError)) throw caught;
      error.value = caught;
      if (caught.away) timer = window.setTimeout(() => void run(), AWAY_MS);
    } finally {
      const took = performance.now() - began;
      if (!mine.signal.aborted) window.setTimeout(rest, Math.max(CALM_MS, 3 * took));
    }
  }

  function rest(): void {
    busy = false;
    if (stale && !abort.signal.aborted) void run();
  }

  return {
    data,
    error,
    refresh() {
      if (abort.signal.aborted) busy = false;
      if (busy) stale = true;
      else void run();
    },
    stop() {
      clearTimeout(timer);
      abort.abort();
    },
  };
}
