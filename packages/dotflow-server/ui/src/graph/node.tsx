/** A task as a box: its state as a shape and a colour, its name, how far it is. */

import { shapeParts } from "../parts/icons";
import { visible } from "../lib/ansi";
import { duration, elapsed, number, plural } from "../lib/format";
import { isLive, isOver, look } from "../lib/states";
import type { TaskNode } from "../api/types";
import { INNER, type Drawn, type Place } from "./spec";

interface NodeProps {
  drawn: Drawn;
  place: Place;
  chosen: boolean;
  /** Too small to read: only what one can still see is drawn. */
  far: boolean;
  onChoose: (task: string) => void;
  onUnfold: (task: string) => void;
}

const LONGEST_NAME = 21;

export function Node({ drawn, place, chosen, far, onChoose, onUnfold }: NodeProps) {
  const { task } = drawn;
  const { label, tone, shape } = look(drawn.state);
  const name = visible(drawn.name);
  const said = note(drawn);
  const { x, y, width, height } = place;
  const box = <rect class="node-box" width={width} height={height} rx={far ? 8 : 6} />;
  const choose = (event: Event) => {
    event.preventDefault();
    onChoose(task.name);
  };
  if (far && !drawn.unfolded) {
    return (
      <g
        class={`node far tone-${tone} ${chosen ? "chosen" : ""}`}
        transform={`translate(${x} ${y})`}
        data-task={task.name}
        data-state={label}
        onClick={choose}
      >
        {box}
        {(tone === "bad" || tone === "live") && (
          <g class="icon" transform={`translate(${width / 2 - 16} ${height / 2 - 16}) scale(2)`}>
            {shapeParts(shape)}
          </g>
        )}
      </g>
    );
  }
  return (
    <g class={`node-group tone-${tone}`} transform={`translate(${x} ${y})`}>
      <a
        class={`node kind-${task.kind} ${chosen ? "chosen" : ""} ${drawn.unfolded ? "unfolded" : ""}`}
        href={`?task=${encodeURIComponent(task.name)}`}
        data-task={task.name}
        data-state={label}
        aria-label={`${name}: ${label}${said && `, ${said}`}`}
        onClick={choose}
      >
        <title>{`${name}: ${label}`}</title>
        {task.kind === "map" && <rect class="node-behind" x="4" y="-4" width={width} height={height} rx="6" />}
        {box}
        <g class="icon" transform={`translate(10 ${drawn.unfolded ? 9 : 14})`}>
          {shapeParts(shape)}
        </g>
        <text class="node-name" x="34" y={drawn.unfolded ? 21 : said ? 19 : 26}>
          {shortened(name, drawn.members.length ? LONGEST_NAME - 4 : LONGEST_NAME)}
        </text>
        {!drawn.unfolded && (
          <text class="node-note" x="34" y="34">
            {said}
          </text>
        )}
        {task.items && !drawn.unfolded && <CountBar task={task} width={width} height={height} />}
      </a>
      {drawn.members.length > 0 && (
        <g
          class="node-fold"
          role="button"
          tabIndex={0}
          aria-label={drawn.unfolded ? `Fold ${name}` : `Unfold ${name}`}
          transform={`translate(${width - 30} ${drawn.unfolded ? (INNER.top - 24) / 2 : 10})`}
          onClick={() => onUnfold(task.name)}
          onKeyDown={(event) => event.key === "Enter" && onUnfold(task.name)}
        >
          <rect width="24" height="24" rx="4" />
          <path d={drawn.unfolded ? "M8 12h8" : "M8 12h8M12 8v8"} />
        </g>
      )}
    </g>
  );
}

/** How many items of a map are through, failed and under way. */
function CountBar({ task, width, height }: { task: TaskNode; width: number; height: number }) {
  const { items } = task;
  if (!items) return null;
  const through = items.done + items.failed;
  const total = Math.max(items.total ?? through + items.running, 1);
  const wide = width - 12;
  const share = (count: number) => (wide * Math.min(count, total)) / total;
  return (
    <g transform={`translate(6 ${height - 6})`}>
      <rect class="bar-track" width={wide} height="3" rx="1.5" />
      <rect class="bar-good" width={share(items.done)} height="3" rx="1.5" />
      <rect class="bar-bad" x={share(items.done)} width={share(items.failed)} height="3" />
      <rect class="bar-live" x={share(through)} width={share(items.running)} height="3" />
    </g>
  );
}

function note({ task, members, state }: Drawn): string {
  const { items, progress } = task;
  const words: string[] = [];
  if (members.length) {
    const through = members.filter((member) => isOver(member.state)).length;
    return `${through} / ${plural(members.length, "task")}`;
  }
  if (items) {
    const through = number(items.done + items.failed);
    words.push(items.total === null ? `${through} items` : `${through} / ${number(items.total)}`);
    if (items.failed) words.push(`${number(items.failed)} failed`);
  } else if (progress && isLive(state)) {
    words.push(progress.total ? `${Math.floor((100 * progress.done) / progress.total)} %` : number(progress.done));
  }
  const took = isLive(state) ? elapsed(task.started, null) : task.duration;
  if (took !== null && words.length < 2) words.push(duration(took));
  if (task.attempts > 1 && !items) words.push(`${task.attempts} attempts`);
  return words.join(" · ");
}

const shortened = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
