/** What is run when, in one's own zone and in the schedule's. */

import { get, part, send } from "../api/client";
import { useResource } from "../api/resource";
import { meta } from "../api/session";
import type { Schedule } from "../api/types";
import { full, inZone, viewerZone } from "../lib/format";
import { to } from "../lib/router";
import { tried } from "../lib/toast";
import { Ago, Button, Empty, Loading, Said, Trouble } from "../parts/basics";
import { State } from "../parts/state";
import { Head } from "./page";

export function SchedulesPage() {
  const { data, error, refresh } = useResource("schedules", (abort) =>
    get<{ schedules: Schedule[] }>("/schedules", {}, abort),
  );
  const schedules = data.value?.schedules;
  return (
    <>
      <Head title="Schedules" />
      {error.value && !schedules && <Trouble error={error.value} />}
      {!schedules && !error.value && <Loading />}
      {schedules?.length === 0 && (
        <Empty title="No schedules" command="dotflow schedule -w module:workflow --cron '0 6 * * *'">
          Each schedule whose process keeps its history in this store stands here.
        </Empty>
      )}
      <div class="schedules">
        {schedules?.map((schedule) => (
          <Card key={schedule.name} schedule={schedule} refresh={refresh} />
        ))}
      </div>
    </>
  );
}

function Card({ schedule, refresh }: { schedule: Schedule; refresh: () => void }) {
  const { name, workflow, cron, zone, paused, next, last, host, status } = schedule;
  const act = async (action: string, done: string) => {
    await tried(send(`/schedules/${part(name)}/${action}`), done);
    refresh();
  };
  return (
    <article class="schedule">
      <header>
        <h2>
          <Said text={name} />
        </h2>
        <State state={status} />
        <span class="grow" />
        {meta.value?.can.schedules && (
          <>
            <Button onClick={() => void act(paused ? "resume" : "pause", paused ? "Goes on." : "Paused.")}>
              {paused ? "Resume" : "Pause"}
            </Button>
            {schedule.can_run && (
              <Button onClick={() => void act("run", "Was asked to run now.")}>Run now</Button>
            )}
          </>
        )}
      </header>
      <p class="schedule-facts">
        {cron && <span class="mono">{cron}</span>}
        {zone && <span>{zone}</span>}
        <a href={to("workflows", workflow)}>
          <Said text={workflow} />
        </a>
        {host && <span>on {host}</span>}
        {last && (
          <a href={last.run_id ? to("runs", last.run_id) : to("workflows", workflow)} class="last-run">
            <State state={last.status} />
            <Ago at={last.started} />
          </a>
        )}
      </p>
      {schedule.missed.length > 0 && (
        <p class="tone-bad">
          Missed: {schedule.missed.map((iso) => full(iso)).join(", ")}
        </p>
      )}
      {!paused && <Times next={next} zone={zone} />}
    </article>
  );
}

function Times({ next, zone }: Pick<Schedule, "next" | "zone">) {
  if (!next.length) return null;
  const elsewhere = zone && zone !== viewerZone;
  return (
    <ol class="times">
      {next.map((iso) => (
        <li key={iso} title={full(iso)}>
          <span>{inZone(iso)}</span>
          {elsewhere && (
            <span class="note">
              {inZone(iso, zone)} {zone}
            </span>
          )}
          <span class="note">
            <Ago at={iso} />
          </span>
        </li>
      ))}
    </ol>
  );
}
