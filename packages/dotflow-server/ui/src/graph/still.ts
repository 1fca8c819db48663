/**
 * In place of d3-transition, d3-interpolate and d3-drag, which d3-zoom takes for moves that
 * glide, and to keep a drag from selecting text or ending in a click. Nothing glides here,
 * a style sees to the text, and without the three the page is a sixth smaller.
 */

import { selection } from "d3-selection";

/** Nothing to do: the drawing has no text that can be selected. */
export function dragDisable(): void {}

/** Swallow the click that a browser adds to the end of a drag. */
export function dragEnable(view: Window, moved?: boolean): void {
  if (!moved) return;
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  view.addEventListener("click", swallow, { capture: true, once: true });
  view.setTimeout(() => view.removeEventListener("click", swallow, true), 0);
}

/** There is nothing that could be interrupted. */
export function interrupt(): void {}

export function interpolateZoom(): never {
  throw new Error("Graphs move at once: nothing here may ask for a transition.");
}

Object.assign(selection.prototype, {
  interrupt(this: unknown) {
    return this;
  },
});
