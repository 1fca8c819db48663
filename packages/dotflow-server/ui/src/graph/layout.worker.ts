/** Lays out graphs away from the page's own thread. */

import { Graph, layout as arranged } from "@dagrejs/dagre";

import { draft } from "./draft";
import { curve, ends } from "./edges";
import { INNER, type Layout, type Place, type Spec } from "./spec";

/** From here on the exact ranking takes seconds; the other is nearly as good. */
const MANY = 120;
/** From here on a draft is shown until the good layout is there. */
const LARGE = 300;
/** And from here on it has to do. */
const HUGE = 3000;

onmessage = (event: MessageEvent<{ id: number; spec: Spec }>) => {
  const { id, spec } = event.data;
  const flat = spec.nodes.every((node) => !node.inner);
  if (flat && spec.nodes.length > LARGE) postMessage({ id, layout: draft(spec) });
  if (!flat || spec.nodes.length <= HUGE) postMessage({ id, layout: arrange(spec) });
};

function arrange(spec: Spec): Layout {
  const inner = new Map<string, Layout>();
  const graph = new Graph();
  graph.setGraph({
    rankdir: spec.direction,
    ranker: spec.nodes.length > MANY ? "tight-tree" : "network-simplex",
    nodesep: spec.direction === "LR" ? 16 : 24,
    ranksep: 48,
  });
  for (const node of spec.nodes) {
    let { width, height } = node;
    if (node.inner) {
      const layout = arrange(node.inner);
      inner.set(node.id, layout);
      width = Math.max(width, layout.width + 2 * INNER.side);
      height = layout.height + INNER.top + INNER.side;
    }
    graph.setNode(node.id, { width, height });
  }
  for (const [from, to] of spec.edges) {
    if (graph.hasNode(from) && graph.hasNode(to)) graph.setEdge(from, to, {});
  }
  arranged(graph);
  return collected(spec, graph, inner);
}

function collected(
  spec: Spec,
  graph: Graph,
  inner: Map<string, Layout>,
): Layout {
  const layout: Layout = { width: 0, height: 0, places: {}, edges: [] };
  for (const { id } of spec.nodes) {
    const { x, y, width, height } = graph.node(id) as Place;
    const place = { x: x - width / 2, y: y - height / 2, width, height };
    layout.places[id] = place;
    layout.width = Math.max(layout.width, place.x + width);
    layout.height = Math.max(layout.height, place.y + height);
    const within = inner.get(id);
    if (within) put(layout, within, place.x + INNER.side, place.y + INNER.top);
  }
  for (const edge of graph.edges()) {
    const a = layout.places[edge.v];
    const b = layout.places[edge.w];
    if (!a || !b) continue;
    const [start, end] = ends(a, b, spec.direction);
    // Where it only passes from one column to the next, dagre's bends are of no use.
    const bends = (graph.edge(edge) as { points?: { x: number; y: number }[] }).points ?? [];
    const points = [start, ...(bends.length > 3 ? bends.slice(1, -1) : []), end];
    layout.edges.push({ from: edge.v, to: edge.w, path: curve(points, spec.direction) });
  }
  return layout;
}

/** Put a layout into another at a place. */
function put(outer: Layout, inner: Layout, dx: number, dy: number): void {
  for (const [id, place] of Object.entries(inner.places)) {
    outer.places[id] = { ...place, x: place.x + dx, y: place.y + dy };
  }
  for (const edge of inner.edges) {
    outer.edges.push({ ...edge, path: moved(edge.path, dx, dy) });
  }
}

function moved(path: string, dx: number, dy: number): string {
  return path.replace(
    /(-?\d+) (-?\d+)/g,
    (_, x: string, y: string) => `${Math.round(Number(x) + dx)} ${Math.round(Number(y) + dy)}`,
  );
}
