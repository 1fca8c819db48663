/** The graph of a run: what runs after what, and where it stands. */

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { TaskNode } from "../api/types";
import { isOver } from "../lib/states";
import { IconButton } from "../parts/basics";
import { layOut } from "./layout";
import { Node } from "./node";
import { Tree, type Layout, type Place } from "./spec";
import { MARGIN, READABLE, Zoom, type View } from "./zoom";

interface GraphProps {
  tasks: TaskNode[];
  chosen: string | null;
  onChoose: (task: string) => void;
}

const NARROW = 560;
/** Beyond what is seen, in pixels, so that a small move finds it drawn. */
const AROUND = 200;
const LOWEST = 120;
const HIGHEST = 360;

export function GraphView({ tasks, chosen, onChoose }: GraphProps) {
  const svg = useRef<SVGSVGElement>(null);
  const content = useRef<SVGGElement>(null);
  const zoom = useRef<Zoom | null>(null);
  const view = useSignal<View | null>(null);
  const layout = useSignal<Layout | null>(null);
  const unfolded = useSignal<ReadonlySet<string>>(new Set());
  const tree = useMemo(() => new Tree(tasks, unfolded.value), [tasks, unfolded.value]);

  useEffect(() => {
    // What is chosen has to be seen, wherever it is.
    const hidden = chosen ? tree.around(chosen).filter((name) => !unfolded.value.has(name)) : [];
    if (hidden.length) unfolded.value = new Set([...unfolded.value, ...hidden]);
  }, [chosen]);

  const wide = svg.current?.clientWidth ?? innerWidth;
  const shape = JSON.stringify(tree.spec(wide < NARROW ? "TB" : "LR"));
  useEffect(() => layOut(JSON.parse(shape), (found) => (layout.value = found)), [shape]);

  useLayoutEffect(() => {
    if (!svg.current || !content.current) return;
    const made = new Zoom(svg.current, content.current, (seen) => (view.value = seen));
    zoom.current = made;
    return () => made.stop();
  }, []);

  const found = layout.value;
  useLayoutEffect(() => {
    if (found) zoom.current?.fit(found, found.places[chosen ?? ""]);
  }, [found]);

  const drawn = tree.drawn();
  const toggle = (name: string) => {
    const next = new Set(unfolded.value);
    if (!next.delete(name)) next.add(name);
    unfolded.value = next;
  };
  const far = view.value !== null && view.value.k < READABLE;
  const states = new Map(drawn.map((node) => [node.task.name, node.state]));
  // What is unfolded lies below the lines that are within it.
  const boxes = (where: Layout, open: boolean) =>
    drawn.map((node) => {
      const place = where.places[node.task.name];
      if (node.unfolded !== open || !place || !isSeen(place, view.value)) return null;
      return (
        <Node
          key={node.task.name}
          drawn={node}
          place={place}
          chosen={node.task.name === chosen}
          far={far}
          onChoose={onChoose}
          onUnfold={toggle}
        />
      );
    });
  return (
    <div class="graph">
      <svg
        ref={svg}
        role="group"
        aria-label={`Graph of ${tasks.length} tasks`}
        style={{ height: `${heightOf(found, wide)}px` }}
      >
        <g ref={content}>
          {found && boxes(found, true)}
          {found && <Edges layout={found} states={states} />}
          {found && boxes(found, false)}
        </g>
      </svg>
      <div class="graph-tools">
        <IconButton glyph="plus" label="Zoom in" onClick={() => zoom.current?.by(1.4)} />
        <IconButton glyph="minus" label="Zoom out" onClick={() => zoom.current?.by(1 / 1.4)} />
        <IconButton
          glyph="fit"
          label="Show all of the graph"
          onClick={() => found && zoom.current?.fit(found, undefined, true)}
        />
      </div>
    </div>
  );
}

/** As high as it is when all of its width is shown, within bounds. */
function heightOf(layout: Layout | null, wide: number): number {
  if (!layout) return LOWEST;
  const scale = Math.min(1, (wide - 2 * MARGIN) / layout.width);
  return Math.min(HIGHEST, Math.max(LOWEST, layout.height * scale + 2 * MARGIN));
}

/** All lines as two paths, however many there are: what is done, and what is to come. */
function Edges({ layout, states }: { layout: Layout; states: Map<string, string> }) {
  const done: string[] = [];
  const open: string[] = [];
  for (const { from, path } of layout.edges) {
    (isOver(states.get(from) ?? "") ? done : open).push(path);
  }
  return (
    <>
      <path class="edge open" d={open.join("")} />
      <path class="edge" d={done.join("")} />
    </>
  );
}

function isSeen(place: Place, view: View | null): boolean {
  if (!view) return false;
  const x = place.x * view.k + view.x;
  const y = place.y * view.k + view.y;
  return (
    x < view.width + AROUND &&
    y < view.height + AROUND &&
    x + place.width * view.k > -AROUND &&
    y + place.height * view.k > -AROUND
  );
}
