/** How long runs took, over time: a dot each, a cross where it failed. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { duration, full } from "../lib/format";
import { go } from "../lib/router";
import { look } from "../lib/states";
import { dark } from "../lib/theme";

export interface Point {
  started: string;
  duration: number | null;
  state: string;
  href: string;
}

const HEIGHT = 180;

// How wide the steps are, the text of a tick, and what is added where the day changes.
const TIMES: uPlot.Axis.Values = [
  [86400 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
];

export function DurationChart({ points, label }: { points: Point[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const hint = useRef<HTMLSpanElement>(null);
  const isDark = dark.value;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const sorted = points
      .filter((point) => point.duration !== null)
      .sort((a, b) => a.started.localeCompare(b.started));
    const plot = new uPlot(options(element, sorted, (text) => {
      if (hint.current) hint.current.textContent = text;
    }), series(sorted), element);
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [points, isDark]);
  return (
    <div class="chart-box">
      <div ref={box} class="chart" role="img" aria-label={label} />
      <span ref={hint} class="chart-hint note" aria-hidden="true" />
    </div>
  );
}

function series(points: Point[]): uPlot.AlignedData {
  const tone = (point: Point) => look(point.state).tone;
  const some = (wanted: (point: Point) => boolean) =>
    points.map((point) => (wanted(point) ? point.duration : null));
  return [
    points.map((point) => Date.parse(point.started) / 1000),
    some((point) => tone(point) === "good"),
    some((point) => tone(point) === "bad"),
    some((point) => !["good", "bad"].includes(tone(point))),
  ];
}

function options(element: HTMLElement, points: Point[], tell: (text: string) => void): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const dots = (name: string, tone: string, paths?: uPlot.Series.Points.PathBuilder): uPlot.Series => ({
    label: name,
    stroke: colour(tone),
    paths: () => null,
    points: { show: true, size: 6, fill: colour(tone), ...(paths && { paths, width: 2 }) },
    value: (_, value) => (value === null ? "–" : duration(value)),
  });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
    scales: { x: { range: spread }, y: { range: (_, __, highest) => [0, (highest || 1) * 1.08] } },
    axes: [{ ...axis, values: TIMES }, { ...axis, size: 64, values: (_, at) => at.map((value) => duration(value)) }],
    series: [
      {},
      dots("Completed", "--good"),
      dots("Failed", "--bad", crosses),
      dots("Other", "--muted"),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const point = points[plot.cursor.idx ?? -1];
          tell(point ? `${look(point.state).label}, ${duration(point.duration)}, ${full(point.started)}` : "");
        },
      ],
      ready: [
        (plot) => {
          plot.over.addEventListener("click", () => {
            const point = points[plot.cursor.idx ?? -1];
            if (point) go(point.href);
          });
        },
      ],
    },
  };
}

/** The times of all runs; around one alone, half an hour to each side. */
function spread(_: uPlot, first: number, last: number): [number, number] {
  const more = last - first > 1 ? 0.02 * (last - first) : 1800;
  return [first - more, last + more];
}

const crosses: uPlot.Series.Points.PathBuilder = (plot, seriesIndex, from, to) => {
  const path = new Path2D();
  const half = 3.5 * devicePixelRatio;
  for (let index = from; index <= to; index += 1) {
    const x = plot.data[0]?.[index];
    const y = plot.data[seriesIndex]?.[index];
    if (x === undefined || y === null || y === undefined) continue;
    const cx = plot.valToPos(x, "x", true);
    const cy = plot.valToPos(y, "y", true);
    path.moveTo(cx - half, cy - half);
    path.lineTo(cx + half, cy + half);
    path.moveTo(cx + half, cy - half);
    path.lineTo(cx - half, cy + half);
  }
  return { stroke: path, fill: null as unknown as Path2D };
};
