/** What runs, what waits, what failed since one last looked, and what comes next. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { Now, RunRow } from "../api/types";
import { useMovable } from "../lib/keyboard";
import { duration, number, plural } from "../lib/format";
import { go, to } from "../lib/router";
import { look, RUN_STATES } from "../lib/states";
import { Ago, Button, Empty, Loading, Said, Section, Trouble } from "../parts/basics";
import { ShapeIcon } from "../parts/icons";
import { RunLine } from "../parts/run-line";
import { Head } from "./page";

const KEY = "dotflow.seen";
const DAY_MS = 86_400_000;

/** Since when failures are new to whoever looks. */
const seen = signal(localStorage.getItem(KEY) ?? new Date(Date.now() - DAY_MS).toISOString());
const cursor = signal(-1);

export function NowPage() {
  const since = seen.value;
  const { data, error } = useResource(`now ${since}`, (abort) => get<Now>("/now", { since }, abort));
  const now = data.value;
  const runs = now ? [...now.running, ...now.waiting, ...now.failed] : [];
  useRunKeys(runs);
  useEffect(() => {
    if (now?.running.length) document.title = `${now.running.length} running · dotflow`;
  }, [now?.running.length]);
  return (
    <>
      <Head title="Now" />
      {error.value && !now && <Trouble error={error.value} />}
      {!error.value && !now && <Loading />}
      {now && <Board now={now} runs={runs} />}
    </>
  );
}

function Board({ now, runs }: { now: Now; runs: RunRow[] }) {
  const nothing = !runs.length && !Object.keys(now.counts).length;
  if (nothing && !now.upcoming.length) {
    return (
      <Empty title="Nothing has run here yet" command="dotflow start -w module:workflow">
        Runs stand here as soon as one begins that keeps its history in this store.
      </Empty>
    );
  }
  const list = (rows: RunRow[]) => (
    <div class="run-list" role="list">
      {rows.map((run) => (
        <div role="listitem" key={run.run_id}>
          <RunLine run={run} chosen={runs[cursor.value] === run} />
        </div>
      ))}
    </div>
  );
  return (
    <>
      <Counts counts={now.counts} />
      <div class="now">
        <div class="now-main">
          <Section title="Running" note={now.running.length || undefined}>
            {now.running.length ? list(now.running) : <p class="none">Nothing runs now.</p>}
          </Section>
          {now.waiting.length > 0 && (
            <Section title="Waiting" note={now.waiting.length}>
              {list(now.waiting)}
            </Section>
          )}
          <Section
            title="Failed since you last looked"
            note={now.failed.length || undefined}
            aside={now.failed.length > 0 && <Button onClick={markSeen}>Mark as seen</Button>}
          >
            {now.failed.length ? list(now.failed) : <p class="none">Nothing has failed.</p>}
          </Section>
        </div>
        <div class="now-side">
          {now.late.length > 0 && <Late late={now.late} />}
          <Upcoming upcoming={now.upcoming} />
        </div>
      </div>
    </>
  );
}

function Counts({ counts }: { counts: Record<string, number> }) {
  const names = [...new Set([...RUN_STATES, ...Object.keys(counts)])];
  return (
    <div class="counts" role="group" aria-label="Runs of the last 24 hours">
      {names.map((name) => {
        const { label, shape, tone } = look(name);
        const count = counts[name] ?? 0;
        return (
          <a
            key={name}
            href={`/runs?status=${encodeURIComponent(name)}`}
            class={`tone-${count ? tone : "quiet"}`}
          >
            <ShapeIcon shape={shape} />
            <strong>{number(count)}</strong>
            <span>{label}</span>
          </a>
        );
      })}
      <span class="note">last 24 h</span>
    </div>
  );
}

function Late({ late }: { late: Now["late"] }) {
  return (
    <Section title="Late" note={late.length}>
      <ul class="plain-list">
        {late.map(({ schedule, due, by }) => (
          <li key={schedule}>
            <a href="/schedules" class="grow">
              <Said text={schedule} />
            </a>
            <span class="tone-bad">{duration(by)} late</span>
            <span class="note">
              due <Ago at={due} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Upcoming({ upcoming }: { upcoming: Now["upcoming"] }) {
  return (
    <Section title="Next" note={upcoming.length ? plural(upcoming.length, "run") : undefined}>
      {upcoming.length ? (
        <ul class="plain-list">
          {upcoming.map(({ schedule, workflow, next }) => (
            <li key={`${schedule} ${next}`}>
              <a href={to("workflows", workflow)} class="grow">
                <Said text={schedule} />
              </a>
              <span class="note">
                <Ago at={next} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="none">
          No schedule is due soon. <a href="/schedules">Schedules</a>
        </p>
      )}
    </Section>
  );
}

function useRunKeys(runs: RunRow[]): void {
  const list = useMemo(
    () => ({
      move: (by: number) => {
        cursor.value = Math.max(0, Math.min(runs.length - 1, cursor.value + by));
      },
      open: () => {
        const run = runs[cursor.value];
        if (run) go(to("runs", run.run_id));
      },
    }),
    [runs],
  );
  useMovable(list);
}

function markSeen(): void {
  seen.value = new Date().toISOString();
  localStorage.setItem(KEY, seen.value);
}
