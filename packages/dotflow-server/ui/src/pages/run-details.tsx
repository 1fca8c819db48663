/** What else is known of a run: who, where, of which code; and each event in order. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { ApiError, get, part } from "../api/client";
import { listen } from "../api/live";
import type { RunDetail, RunEvent } from "../api/types";
import { stripped, visible } from "../lib/ansi";
import { full, plain, time } from "../lib/format";
import { Empty, Facts, Loading, Said, Section } from "../parts/basics";
import { RunLine } from "../parts/run-line";
import { VirtualList } from "../parts/virtual-list";

export function RunDetails({ detail }: { detail: RunDetail }) {
  const { run, identity } = detail;
  const params = Object.entries(run.params);
  const facts = Object.entries(detail.facts);
  const known = Object.entries(identity).filter(
    ([name, value]) => name !== "params" && value !== null && value !== "" && plain(value) !== "{}",
  );
  return (
    <div class="details">
      {params.length > 0 && (
        <Section title="Parameters">
          <Facts rows={params.map(([name, value]) => [name, <Said text={plain(value)} mono />])} />
        </Section>
      )}
      {facts.length > 0 && (
        <Section title="Facts">
          <Facts rows={facts.map(([name, value]) => [name, <Said text={plain(value)} mono />])} />
        </Section>
      )}
      {detail.children.length > 0 && (
        <Section title="Runs that its steps started" note={detail.children.length}>
          <div class="run-list">
            {detail.children.map((child) => (
              <RunLine key={child.run_id} run={child} />
            ))}
          </div>
        </Section>
      )}
      <Section title="Run">
        <Facts
          rows={[
            ["started", full(run.started) || "–"],
            ["finished", full(run.finished) || "–"],
            ["workflow id", run.workflow_id ?? "–"],
            ...known.map(([name, value]): [string, preact.ComponentChildren] => [
              name.replaceAll("_", " "),
              <Said text={plain(value)} />,
            ]),
          ]}
        />
      </Section>
    </div>
  );
}

const EVENT_HEIGHT = 26;
const PAGE = 1000;

export function RunEvents({ detail }: { detail: RunDetail }) {
  const id = detail.run.run_id;
  const log = useMemo(() => new EventLog(id), [id]);
  useEffect(() => log.begin(), [log]);
  const events = log.events.value;
  if (!events.length) return log.known.value ? <Empty title="No events" /> : <Loading />;
  return (
    <VirtualList
      class="event-rows"
      label="Events"
      count={events.length}
      height={EVENT_HEIGHT}
      keyOf={(index) => String(events[index]?.seq)}
      onNear={(left) => left < PAGE / 2 && void log.more()}
      row={(index) => {
        const event = events[index];
        if (!event) return null;
        return (
          <div class="event-row">
            <time dateTime={event.time}>{time(event.time)}</time>
            <span>{event.event}</span>
            <span class="cut">{event.task && visible(event.task)}</span>
            <span class="note cut mono">{event.detail ? stripped(plain(event.detail).slice(0, 400)) : ""}</span>
          </div>
        );
      }}
    />
  );
}

class EventLog {
  readonly events = signal<RunEvent[]>([]);
  readonly known = signal(false);
  private after = 0;
  private busy = false;

  constructor(private readonly run: string) {}

  begin(): () => void {
    void this.more();
    return listen((change) => {
      if (change.kind === "all" || (change.kind === "run" && change.run_id === this.run)) {
        void this.more();
      }
    });
  }

  async more(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const page = await get<{ events: RunEvent[]; next: number }>(
        `/runs/${part(this.run)}/events`,
        { after: this.after, limit: PAGE },
      );
      if (page.events.length) this.events.value = [...this.events.value, ...page.events];
      this.after = Math.max(this.after, page.next);
      this.known.value = true;
    } catch (error) {
      // Nothing is lost: the stream tells when the server is back.
      if (!(error instanceof ApiError)) throw error;
    } finally {
      this.busy = false;
    }
  }
}
