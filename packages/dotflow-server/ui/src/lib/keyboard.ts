/** Keys: `/`, `j`, `k`, `Enter`, `x`, `g r`, `?`. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { go } from "./router";

/** A list that `j` and `k` move in. */
export interface Movable {
  move: (by: number) => void;
  open: () => void;
  mark?: () => void;
}

export const helpOpen = signal(false);

export const KEYS: [string, string][] = [
  ["/", "Search runs"],
  ["j  k", "Next, previous"],
  ["Enter", "Open"],
  ["x", "Select a run"],
  ["g n", "Now"],
  ["g r", "Runs"],
  ["g w", "Workflows"],
  ["g s", "Schedules"],
  ["g a", "Admin"],
  ["t", "Dark or light"],
  ["Esc", "Close, leave a field"],
  ["?", "These keys"],
];

const PLACES: Record<string, string> = {
  n: "/",
  r: "/runs",
  w: "/workflows",
  s: "/schedules",
  a: "/admin",
};
const CHORD_MS = 1000;
const lists: Movable[] = [];
const actions = new Map<string, () => void>();
let chordUntil = 0;

/** Let `j` and `k` move in a list while it is shown; the last one shown has them. */
export function useMovable(list: Movable): void {
  useEffect(() => {
    lists.push(list);
    return () => void lists.splice(lists.indexOf(list), 1);
  }, [list]);
}

/** Do something at a key while a page is shown. */
export function onKey(key: string, action: () => void): () => void {
  actions.set(key, action);
  return () => {
    if (actions.get(key) === action) actions.delete(key);
  };
}

export function startKeyboard(): void {
  addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") (event.target as HTMLElement).blur();
      return;
    }
    if (press(event)) event.preventDefault();
  });
}

function press(event: KeyboardEvent): boolean {
  const { key } = event;
  const place = PLACES[key];
  if (performance.now() < chordUntil && place) {
    chordUntil = 0;
    go(place);
    return true;
  }
  if (key === "g") {
    chordUntil = performance.now() + CHORD_MS;
    return true;
  }
  if (key === "?") {
    helpOpen.value = true;
    return true;
  }
  return moved(event) || acted(key);
}

function moved({ key, target }: KeyboardEvent): boolean {
  const list = lists.at(-1);
  if (!list) return false;
  if (key === "j") list.move(1);
  else if (key === "k") list.move(-1);
  else if (key === "x" && list.mark) list.mark();
  else if (key === "Enter" && !isControl(target)) list.open();
  else return false;
  return true;
}

function acted(key: string): boolean {
  const action = actions.get(key);
  action?.();
  return action !== undefined;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
    !["checkbox", "radio", "button"].includes((target as HTMLInputElement).type);
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a, button, summary") !== null;
}
