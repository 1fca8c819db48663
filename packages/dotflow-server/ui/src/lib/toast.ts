/** A word on what became of an action, for a few seconds. */

import { signal } from "@preact/signals";

import { ApiError } from "../api/client";

export interface Toast {
  text: string;
  bad: boolean;
}

export const toast = signal<Toast | null>(null);
const SHOWN_MS = 6000;
let timer = 0;

export function say(text: string, bad = false): void {
  toast.value = { text, bad };
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    toast.value = null;
  }, SHOWN_MS);
}

/** Do something on the server and say how it went. */
export async function tried<T>(action: Promise<T>, done: string): Promise<T | null> {
  try {
    const result = await action;
    say(done);
    return result;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say([error.message, error.hint].filter(Boolean).join(" "), true);
    return null;
  }
}
