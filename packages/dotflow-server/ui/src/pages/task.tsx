/** A task over all runs of its workflow: slower than it was? failing since when? */

import { get, part } from "../api/client";
import { useResource } from "../api/resource";
import type { TaskHistory } from "../api/types";
import { duration, percent, plural } from "../lib/format";
import { to } from "../lib/router";
import { look } from "../lib/states";
import { Ago, Empty, Figures, Loading, Said, Section, Trouble } from "../parts/basics";
import { DurationChart } from "../parts/chart";
import { Preview, Slowest } from "./inspector";
import { Head } from "./page";

export function TaskPage({ workflow, task }: { workflow: string; task: string }) {
  const { data, error } = useResource(
    `task ${workflow} ${task}`,
    (abort) =>
      get<TaskHistory>(`/workflows/${part(workflow)}/tasks/${part(task)}`, { limit: 200 }, abort),
    (change) => change.kind === "run" && change.row?.workflow === workflow,
  );
  const found = data.value;
  return (
    <>
      <Head title={task}>
        <span class="note">
          of{" "}
          <a href={to("workflows", workflow)}>
            <Said text={workflow} />
          </a>
        </span>
      </Head>
      {error.value && !found && <Trouble error={error.value} />}
      {!found && !error.value && <Loading />}
      {found && <Body found={found} task={task} />}
    </>
  );
}

function Body({ found, task }: { found: TaskHistory; task: string }) {
  if (!found.points.length) {
    return <Empty title="It has not run yet">Its durations stand here once it has.</Empty>;
  }
  const slowest = found.slowest.filter((item) => item.index !== null);
  const points = found.points.map(({ run_id, started, duration: took, state }) => ({
    started,
    duration: took,
    state,
    href: `${to("runs", run_id)}?task=${encodeURIComponent(task)}`,
  }));
  return (
    <>
      <Figures figures={figuresOf(found)} />
      <Section title="Durations" note="a dot is a run, a cross one in which it failed">
        <DurationChart points={points} label={`Durations in ${points.length} runs`} />
      </Section>
      <div class="columns">
        {found.failures.length > 0 && <Failures found={found} task={task} />}
        {slowest.length > 0 && <Slowest slowest={slowest} />}
        {found.last_inputs.length > 0 && (
          <Section title="Last input">
            {found.last_inputs.map(({ name, preview }) => (
              <Preview key={name} name={name} text={preview} />
            ))}
          </Section>
        )}
      </div>
    </>
  );
}

function Failures({ found, task }: { found: TaskHistory; task: string }) {
  return (
    <Section title="Failures" note={found.failures.length}>
      <ul class="plain-list">
        {found.failures.map((failure) => (
          <li key={`${failure.error} ${failure.shape}`}>
            <a class="grow cut" href={`${to("runs", failure.run_id)}?task=${encodeURIComponent(task)}`}>
              <span class="tone-bad mono">{failure.error}</span> <Said text={failure.message} />
            </a>
            <span class="tabular">{plural(failure.count, "run")}</span>
            <span class="note">
              <Ago at={failure.last} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function figuresOf(found: TaskHistory): [string, string][] {
  const ended = found.points.filter(({ state }) => ["good", "bad"].includes(look(state).tone));
  const good = ended.filter(({ state }) => look(state).tone === "good");
  const times = good.map((point) => point.duration ?? 0).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return [
    ["success", ended.length ? percent(good.length / ended.length) : "–"],
    ["median", duration(at(0.5))],
    ["95 % within", duration(at(0.95))],
    ["runs", String(found.points.length)],
  ];
}
