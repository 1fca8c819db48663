/** The lines between boxes. */

import type { Layout, Place, Spec } from "./spec";

interface Point {
  x: number;
  y: number;
}

/** Lines straight from box to box, for layouts that lead none around others. */
export function joined(spec: Spec, places: Record<string, Place>): Layout["edges"] {
  return spec.edges.flatMap(([from, to]) => {
    const a = places[from];
    const b = places[to];
    return a && b ? [{ from, to, path: curve(ends(a, b, spec.direction), spec.direction) }] : [];
  });
}

/** A smooth line through points: from the first to the last, bending at each. */
export function curve(points: Point[], direction: Spec["direction"]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${round(first)}`;
  let last = first;
  for (const point of rest) {
    const half = { x: (last.x + point.x) / 2, y: (last.y + point.y) / 2 };
    const [a, b] =
      direction === "LR"
        ? [{ x: half.x, y: last.y }, { x: half.x, y: point.y }]
        : [{ x: last.x, y: half.y }, { x: point.x, y: half.y }];
    path += `C${round(a)} ${round(b)} ${round(point)}`;
    last = point;
  }
  return path;
}

/** Where a line leaves one box and enters the other. */
export function ends(a: Place, b: Place, direction: Spec["direction"]): [Point, Point] {
  return direction === "LR"
    ? [
        { x: a.x + a.width, y: a.y + a.height / 2 },
        { x: b.x, y: b.y + b.height / 2 },
      ]
    : [
        { x: a.x + a.width / 2, y: a.y + a.height },
        { x: b.x + b.width / 2, y: b.y },
      ];
}

const round = ({ x, y }: Point): string => `${Math.round(x)} ${Math.round(y)}`;
