/** What steps have printed, as it is printed: text, whatever it is. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { ApiError, get, part } from "../api/client";
import { listen } from "../api/live";
import type { OutputLine } from "../api/types";
import { pieces, visible } from "../lib/ansi";
import { plural, time } from "../lib/format";
import { Copy, Empty, Loading } from "./basics";
import { VirtualList } from "./virtual-list";

const PAGE = 2000;
const LINE_HEIGHT = 20;
const MOST_SHOWN = 21;
const SCROLLBAR = 18;
/** Of a line, in characters: no screen shows more, and a browser should not lay it out. */
const LONGEST = 2000;
const AWAY_MS = 1500;

interface OutputProps {
  run: string;
  task?: string;
  live: boolean;
}

export function Output({ run, task, live }: OutputProps) {
  const tail = useMemo(() => new Tail(run, task), [run, task]);
  const follow = useSignal(true);
  const wanted = useSignal("");
  useEffect(() => tail.begin(), [tail]);
  const lines = matching(tail.lines.value, wanted.value);
  if (!tail.lines.value.length) {
    if (!tail.complete.value) return <Loading />;
    return (
      <Empty title={live ? "Nothing printed so far" : "Nothing was printed"}>
        What steps print and log stands here line by line.
      </Empty>
    );
  }
  return (
    <div class="output">
      <div class="output-tools">
        <input
          type="search"
          placeholder="Filter lines"
          aria-label="Filter lines"
          value={wanted.value}
          onInput={(event) => (wanted.value = event.currentTarget.value)}
        />
        <span class="note">{plural(lines.length, "line")}</span>
        <span class="grow" />
        {live && (
          <label class="check">
            <input
              type="checkbox"
              checked={follow.value}
              onChange={(event) => (follow.value = event.currentTarget.checked)}
            />
            Follow
          </label>
        )}
      </div>
      <VirtualList
        class="output-lines"
        role="log"
        label="Output"
        count={lines.length}
        height={LINE_HEIGHT}
        tall={LINE_HEIGHT * Math.min(lines.length, MOST_SHOWN) + SCROLLBAR}
        follow={follow.value && live}
        keyOf={(index) => String(index)}
        row={(index) => <Line line={lines[index]} withTask={!task} />}
      />
    </div>
  );
}

function Line({ line, withTask }: { line: OutputLine | undefined; withTask: boolean }) {
  if (!line) return null;
  const cut = line.text.length - LONGEST;
  return (
    <div class={`line ${line.stream === "stderr" || isBadLevel(line.level) ? "line-bad" : ""}`}>
      <time dateTime={line.time}>{time(line.time)}</time>
      {withTask && <span class="line-task">{visible(label(line))}</span>}
      {line.level && <span class="line-level">{line.level}</span>}
      <span class="line-text">
        {pieces(line.text.slice(0, LONGEST)).map((piece, index) => (
          <span key={index} class={piece.style}>
            {piece.text}
          </span>
        ))}
        {cut > 0 && (
          <>
            <span class="note"> … {cut.toLocaleString("en")} more characters </span>
            <Copy text={line.text} />
          </>
        )}
      </span>
    </div>
  );
}

const label = (line: OutputLine): string =>
  line.index === null ? (line.task ?? "") : `${line.task}[${line.index}]`;

const isBadLevel = (level: string | null): boolean =>
  ["ERROR", "CRITICAL", "FATAL"].includes(level?.toUpperCase() ?? "");

function matching(lines: OutputLine[], wanted: string): OutputLine[] {
  if (!wanted) return lines;
  const small = wanted.toLowerCase();
  return lines.filter((line) => `${line.task} ${line.text}`.toLowerCase().includes(small));
}

/** The lines of a run, asked for from where one has got to. */
class Tail {
  readonly lines = signal<OutputLine[]>([]);
  readonly complete = signal(false);
  private after = 0;
  private busy = false;
  private again = false;
  private ended = false;
  private timer = 0;

  constructor(
    private readonly run: string,
    private readonly task: string | undefined,
  ) {}

  begin(): () => void {
    this.ended = false;
    void this.read();
    const silence = listen((change) => {
      if (change.kind === "all" || (change.kind === "run" && change.run_id === this.run)) {
        void this.read();
      }
    });
    return () => {
      this.ended = true;
      clearTimeout(this.timer);
      silence();
    };
  }

  private async read(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        while (await this.page());
      } while (this.again && !this.ended);
      this.complete.value = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.away && !this.ended) {
        this.timer = window.setTimeout(() => void this.read(), AWAY_MS);
      } else this.complete.value = true;
    } finally {
      this.busy = false;
    }
  }

  /** Read what a number of events hold; return whether there may be more after them. */
  private async page(): Promise<boolean> {
    const found = await get<{ lines: OutputLine[]; next: number }>(
      `/runs/${part(this.run)}/output`,
      { task: this.task, after: this.after, limit: PAGE },
    );
    if (found.lines.length) this.lines.value = [...this.lines.value, ...found.lines];
    const moved = found.next > this.after;
    this.after = Math.max(this.after, found.next);
    return moved && !this.ended;
  }
}

