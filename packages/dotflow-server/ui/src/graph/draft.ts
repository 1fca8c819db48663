/** A quick layout in columns, for graphs whose good one takes a while. */

import { NODE, type Layout, type Spec } from "./spec";
import { joined } from "./edges";

const GAP = { along: 56, across: 14 };

export function draft(spec: Spec): Layout {
  const column = columns(spec);
  const across = spec.direction === "LR";
  const filled: number[] = [];
  const layout: Layout = { width: 0, height: 0, places: {}, edges: [] };
  for (const { id } of spec.nodes) {
    const at = column.get(id) ?? 0;
    const row = (filled[at] ??= 0);
    filled[at] = row + 1;
    const x = across ? at * (NODE.width + GAP.along) : row * (NODE.width + GAP.across);
    const y = across ? row * (NODE.height + GAP.across) : at * (NODE.height + GAP.along);
    layout.places[id] = { x, y, ...NODE };
    layout.width = Math.max(layout.width, x + NODE.width);
    layout.height = Math.max(layout.height, y + NODE.height);
  }
  layout.edges = joined(spec, layout.places);
  return layout;
}

/** How many boxes come before each one, at most. */
function columns(spec: Spec): Map<string, number> {
  const after = new Map<string, string[]>();
  const left = new Map<string, number>(spec.nodes.map(({ id }) => [id, 0]));
  for (const [from, to] of spec.edges) {
    after.set(from, [...(after.get(from) ?? []), to]);
    left.set(to, (left.get(to) ?? 0) + 1);
  }
  const column = new Map<string, number>();
  let ready = spec.nodes.map(({ id }) => id).filter((id) => !left.get(id));
  for (let at = 0; ready.length; at += 1) {
    const next: string[] = [];
    for (const id of ready) {
      column.set(id, at);
      for (const to of after.get(id) ?? []) {
        const rest = (left.get(to) ?? 0) - 1;
        left.set(to, rest);
        if (!rest) next.push(to);
      }
    }
    ready = next;
  }
  return column;
}
