/** The runs that a list has, page by page, and each as it is now. */

import { signal } from "@preact/signals";

import { ApiError, get } from "../api/client";
import type { Change } from "../api/live";
import type { RunRow } from "../api/types";

interface Page {
  runs: RunRow[];
  cursor: string | null;
}

type Query = Record<string, string | string[] | null>;

const PAGE = 500;
const CALM_MS = 500;
const AWAY_MS = 1500;

export class RunPages {
  readonly runs = signal<RunRow[]>([]);
  readonly error = signal<ApiError | null>(null);
  /** Whether there is an answer at all, be it that there are none. */
  readonly known = signal(false);
  readonly complete = signal(false);
  private cursor: string | null = null;
  private busy = false;
  /** Whether more was asked for while something else was fetched. */
  private wanted = false;
  private timer = 0;
  private stopped = false;
  private readonly places = new Map<string, number>();

  constructor(private readonly query: Query) {}

  /** Fetch the page below what is there, if there is one. */
  async more(): Promise<void> {
    if (this.complete.value || this.stopped) return;
    this.wanted = this.busy;
    if (this.busy) return;
    await this.ask(async () => {
      const page = await get<Page>("/runs", { ...this.query, limit: PAGE, cursor: this.cursor });
      this.cursor = page.cursor;
      this.put([...this.runs.value, ...this.unknown(page.runs)]);
      this.complete.value = page.cursor === null;
    }, () => this.more());
  }

  hear(change: Change): void {
    if (change.kind === "run" && change.row) {
      const at = this.places.get(change.run_id);
      if (at !== undefined) {
        const next = [...this.runs.value];
        next[at] = change.row;
        this.runs.value = next;
        return;
      }
    }
    if (change.kind !== "now") this.renew();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Fetch the newest page again, and put what is new in it before the rest. */
  private renew(): void {
    if (this.timer || this.stopped) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.busy) this.renew();
      else void this.top();
    }, CALM_MS);
  }

  private async top(): Promise<void> {
    await this.ask(async () => {
      const page = await get<Page>("/runs", { ...this.query, limit: PAGE });
      const fresh = new Set(page.runs.map((run) => run.run_id));
      const rest = this.runs.value.filter((run) => !fresh.has(run.run_id));
      const oldest = page.runs.at(-1)?.started ?? "";
      // What is younger than this page and not in it is no longer what was asked for.
      const kept = page.cursor === null ? [] : rest.filter((run) => (run.started ?? "") <= oldest);
      if (!this.known.value || page.cursor === null) {
        this.cursor = page.cursor;
        this.complete.value = page.cursor === null;
      }
      this.put([...page.runs, ...kept]);
    }, () => this.top());
  }

  private async ask(fetch: () => Promise<void>, again: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await fetch();
      this.error.value = null;
      this.known.value = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
      if (error.away && !this.stopped) window.setTimeout(() => void again(), AWAY_MS);
    } finally {
      this.busy = false;
      if (this.wanted) void this.more();
    }
  }

  private unknown(rows: RunRow[]): RunRow[] {
    return rows.filter((row) => !this.places.has(row.run_id));
  }

  private put(rows: RunRow[]): void {
    this.places.clear();
    rows.forEach((row, index) => this.places.set(row.run_id, index));
    this.runs.value = rows;
  }
}
