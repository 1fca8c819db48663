/** Two runs side by side: what was given, what it ran on, how long each task took. */

import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { Comparison, Difference, RunRow, Side } from "../api/types";
import { duration, plain } from "../lib/format";
import { query, to } from "../lib/router";
import { Ago, Empty, Loading, Said, Section, Trouble, Wide } from "../parts/basics";
import { State } from "../parts/state";
import { Head } from "./page";

export function ComparePage() {
  const left = query.value.get("left") ?? "";
  const right = query.value.get("right") ?? "";
  if (!left || !right) {
    return (
      <>
        <Head title="Compare" />
        <Empty title="Which runs?">Select two on the page of their workflow.</Empty>
      </>
    );
  }
  return <Compared left={left} right={right} />;
}

function Compared({ left, right }: { left: string; right: string }) {
  const { data, error } = useResource(
    `compare ${left} ${right}`,
    (abort) => get<Comparison>("/compare", { left, right }, abort),
    (change) => change.kind === "run" && [left, right].includes(change.run_id),
  );
  const found = data.value;
  return (
    <>
      <Head title="Compare" />
      {error.value && !found && <Trouble error={error.value} />}
      {!found && !error.value && <Loading />}
      {found && (
        <>
          <div class="sides">
            <RunCard run={found.left} />
            <RunCard run={found.right} />
          </div>
          <Differences title="Parameters" rows={found.params} none="The same parameters." />
          <Differences title="Identity" rows={found.identity} none="The same code, host and user." />
          <Tasks tasks={found.tasks} />
        </>
      )}
    </>
  );
}

function RunCard({ run }: { run: RunRow }) {
  return (
    <a class="side-card" href={to("runs", run.run_id)}>
      <span class="side-card-head">
        <strong>
          <Said text={run.workflow} />
        </strong>
        <State state={run.status} />
      </span>
      <span class="mono note">{run.run_id}</span>
      <span class="note">
        <Ago at={run.started} />, {duration(run.duration)}
      </span>
    </a>
  );
}

function Differences({ title, rows, none }: { title: string; rows: Difference[]; none: string }) {
  const other = rows.filter((row) => plain(row.left) !== plain(row.right));
  return (
    <Section title={title} note={other.length ? `${other.length} differ` : undefined}>
      {other.length ? (
        <Wide label={title}>
          <table class="wide">
            <tbody>
              {other.map((row) => (
                <tr key={row.name}>
                  <th scope="row">{row.name.replaceAll("_", " ")}</th>
                  <td class="mono">
                    <Said text={plain(row.left)} />
                  </td>
                  <td class="mono">
                    <Said text={plain(row.right)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      ) : (
        <p class="none">{none}</p>
      )}
    </Section>
  );
}

function Tasks({ tasks }: Pick<Comparison, "tasks">) {
  const longest = Math.max(
    0.001,
    ...tasks.flatMap(({ left, right }) => [left?.duration ?? 0, right?.duration ?? 0]),
  );
  return (
    <Section title="Tasks" note={tasks.length}>
      <Wide label="Tasks">
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col">Left</th>
              <th scope="col">Right</th>
              <th scope="col" class="tabular">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {tasks.map(({ name, left, right, delta }) => (
              <tr key={name}>
                <th scope="row">
                  <Said text={name} />
                </th>
                <SideCell side={left} longest={longest} />
                <SideCell side={right} longest={longest} />
                <td class="tabular">
                  {delta === null ? "–" : `${delta < 0 ? "−" : "+"}${duration(Math.abs(delta))}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </Section>
  );
}

function SideCell({ side, longest }: { side: Side | null; longest: number }) {
  if (!side) return <td class="note">not there</td>;
  return (
    <td>
      <span class="side-cell">
        <State state={side.state} small />
        <span class="meter">
          <span style={{ width: `${(100 * (side.duration ?? 0)) / longest}%` }} />
        </span>
        <span class="tabular">{duration(side.duration)}</span>
      </span>
    </td>
  );
}
