/** When each attempt waited, ran and was held back before another try. */

import { useSignal } from "@preact/signals";

import type { Attempt, RunDetail, TaskNode } from "../api/types";
import { visible } from "../lib/ansi";
import { clock, duration, millis, number } from "../lib/format";
import { isBad, isLive, look } from "../lib/states";
import { Sign } from "./icons";
import { State } from "./state";
import { VirtualList } from "./virtual-list";

interface TimelineProps {
  detail: RunDetail;
  chosen: string | null;
  onChoose: (task: string) => void;
}

interface Row {
  key: string;
  task: TaskNode;
  attempts: Attempt[];
  /** Of an item of a map; null for a task. */
  item: string | null;
}

interface Span {
  from: number;
  to: number;
}

const ROW_HEIGHT = 30;
const MOST_TICKS = 6;
const MOST_SHOWN = 14;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000,
  120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000];

export function Timeline({ detail, chosen, onChoose }: TimelineProps) {
  const open = useSignal<ReadonlySet<string>>(new Set());
  const span = spanOf(detail);
  const rows = rowsOf(detail, open.value);
  const toggle = (task: string) => {
    const next = new Set(open.value);
    if (!next.delete(task)) next.add(task);
    open.value = next;
  };
  return (
    <div class="timeline">
      <Axis span={span} />
      <VirtualList
        class="timeline-rows"
        tall={ROW_HEIGHT * Math.min(rows.length, MOST_SHOWN)}
        label="Timeline"
        count={rows.length}
        height={ROW_HEIGHT}
        keyOf={(index) => rows[index]?.key ?? ""}
        row={(index) => {
          const row = rows[index];
          if (!row) return null;
          return (
            <div class={`timeline-row ${row.task.name === chosen ? "chosen" : ""}`}>
              <RowLabel
                row={row}
                open={open.value.has(row.task.name)}
                onToggle={() => toggle(row.task.name)}
                onChoose={() => onChoose(row.task.name)}
              />
              <Bars row={row} span={span} />
            </div>
          );
        }}
      />
      <Legend />
    </div>
  );
}

interface RowLabelProps {
  row: Row;
  open: boolean;
  onToggle: () => void;
  onChoose: () => void;
}

function RowLabel({ row, open, onToggle, onChoose }: RowLabelProps) {
  const { task, item } = row;
  if (item !== null) return <span class="timeline-label item">{item}</span>;
  return (
    <span class="timeline-label">
      {task.items ? (
        <button
          type="button"
          class="fold"
          aria-expanded={open}
          aria-label={`Items of ${visible(task.name)}`}
          onClick={onToggle}
        >
          <Sign glyph={open ? "down" : "right"} />
        </button>
      ) : (
        <span class="fold" />
      )}
      <button type="button" class="timeline-name" onClick={onChoose}>
        <State state={task.state} small />
        <bdi>{visible(task.name)}</bdi>
        {task.items && <span class="note">{number(task.items.total ?? task.items.done)}</span>}
      </button>
    </span>
  );
}

function Bars({ row, span }: { row: Row; span: Span }) {
  const wide = Math.max(1, span.to - span.from);
  const at = (time: number) => `${(100 * (time - span.from)) / wide}%`;
  const long = (from: number, to: number) => `${(100 * Math.max(0, to - from)) / wide}%`;
  return (
    <span class="bars">
      {row.attempts.map((attempt) => {
        const started = millis(attempt.started);
        if (started === null) return null;
        const ended = millis(attempt.finished) ?? (isLive(attempt.state) ? clock.value : started);
        const queued = started - 1000 * (attempt.waited ?? 0);
        const held = queued - 1000 * (attempt.delay ?? 0);
        const { tone, label } = look(attempt.state);
        return (
          <span key={`${attempt.index}-${attempt.attempt}`} class={`tone-${tone}`}>
            {attempt.delay ? (
              <span class="bar-delay" style={{ left: at(held), width: long(held, queued) }} />
            ) : null}
            {attempt.waited ? (
              <span class="bar-wait" style={{ left: at(queued), width: long(queued, started) }} />
            ) : null}
            <span
              class="bar-run"
              style={{ left: at(started), width: long(started, ended) }}
              title={`${label}, attempt ${attempt.attempt}: ${duration((ended - started) / 1000)}`}
            />
          </span>
        );
      })}
    </span>
  );
}

function Axis({ span }: { span: Span }) {
  const long = Math.max(1, span.to - span.from);
  const step = STEPS.find((one) => long / one <= MOST_TICKS) ?? long / MOST_TICKS;
  // The last one would be cut off where it stands close to the end.
  const ticks = Math.floor((0.96 * long) / step) + 1;
  return (
    <div class="axis" aria-hidden="true">
      {Array.from({ length: ticks }, (_, tick) => (
        <span key={tick} style={{ left: `${(100 * tick * step) / long}%` }}>
          {tick ? roundTime(tick * step) : "0"}
        </span>
      ))}
    </div>
  );
}

/** A time on the axis, without what is zero: `2 min`, not `2 min 00 s`. */
const roundTime = (ms: number): string =>
  duration(ms / 1000).replace(/\.0 s$/, " s").replace(/ 00 (s|min)$/, "");

function Legend() {
  return (
    <p class="legend">
      <span class="key">
        <span class="bar-wait" /> waiting
      </span>
      <span class="key tone-good">
        <span class="bar-run" /> running
      </span>
      <span class="key">
        <span class="bar-delay" /> retry delay
      </span>
    </p>
  );
}

function spanOf({ run, attempts }: RunDetail): Span {
  let from = millis(run.started) ?? Infinity;
  let last = millis(run.finished) ?? -Infinity;
  for (const attempt of attempts) {
    const started = millis(attempt.started) ?? Infinity;
    from = Math.min(from, started - 1000 * ((attempt.waited ?? 0) + (attempt.delay ?? 0)));
    last = Math.max(last, millis(attempt.finished) ?? -Infinity);
  }
  if (!Number.isFinite(from)) return { from: 0, to: 1 };
  last = Math.max(last, from + 1);
  return { from, to: isLive(run.status) ? Math.max(last, clock.value) : last };
}

function rowsOf(detail: RunDetail, open: ReadonlySet<string>): Row[] {
  const by = new Map<string, Attempt[]>();
  for (const attempt of detail.attempts) {
    const known = by.get(attempt.task);
    if (known) known.push(attempt);
    else by.set(attempt.task, [attempt]);
  }
  return detail.tasks.flatMap((task) => {
    const attempts = by.get(task.name) ?? [];
    const own = attempts.filter((one) => one.index === null);
    const items = attempts.filter((one) => one.index !== null);
    // What failed is drawn last, so that what went well does not cover it.
    const drawn = [...own, ...items].sort((a, b) => Number(isBad(a.state)) - Number(isBad(b.state)));
    const rows: Row[] = [{ key: task.name, task, attempts: drawn, item: null }];
    if (open.has(task.name)) rows.push(...itemRows(task, items));
    return rows;
  });
}

function itemRows(task: TaskNode, items: Attempt[]): Row[] {
  const by = new Map<number, Attempt[]>();
  for (const attempt of items) {
    const index = attempt.index ?? 0;
    by.set(index, [...(by.get(index) ?? []), attempt]);
  }
  return [...by].map(([index, attempts]) => ({
    key: `${task.name}/${index}`,
    task,
    attempts,
    item: `item ${index}`,
  }));
}
