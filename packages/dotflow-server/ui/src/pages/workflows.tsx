/** All workflows, and how each has been doing. */

import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { WorkflowRow } from "../api/types";
import { duration, number, percent } from "../lib/format";
import { to } from "../lib/router";
import { Ago, Empty, Loading, Said, Trouble, Wide } from "../parts/basics";
import { State } from "../parts/state";
import { Head } from "./page";

export function WorkflowsPage() {
  const { data, error } = useResource("workflows", (abort) =>
    get<{ workflows: WorkflowRow[] }>("/workflows", {}, abort),
  );
  const rows = data.value?.workflows;
  return (
    <>
      <Head title="Workflows" />
      {error.value && !rows && <Trouble error={error.value} />}
      {!rows && !error.value && <Loading />}
      {rows?.length === 0 && (
        <Empty title="No workflows yet" command="dotflow start -w module:workflow">
          Each workflow that has run stands here.
        </Empty>
      )}
      {rows && rows.length > 0 && <Table rows={rows} />}
    </>
  );
}

function Table({ rows }: { rows: WorkflowRow[] }) {
  return (
    <Wide label="Workflows">
      <table class="wide">
        <thead>
          <tr>
            <th scope="col">Workflow</th>
            <th scope="col">Last run</th>
            <th scope="col" class="tabular">
              Success
            </th>
            <th scope="col" class="tabular">
              Median
            </th>
            <th scope="col" class="tabular">
              95 %
            </th>
            <th scope="col" class="tabular">
              Runs
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, last, success_rate, p50, p95, runs }) => (
            <tr key={name}>
              <td>
                <a href={to("workflows", name)}>
                  <Said text={name} />
                </a>
              </td>
              <td>
                {last && (
                  <a href={to("runs", last.run_id)} class="last-run">
                    <State state={last.status} />
                    <span class="note">
                      <Ago at={last.started} />
                    </span>
                  </a>
                )}
              </td>
              <td class="tabular">
                <SuccessRate rate={success_rate} />
              </td>
              <td class="tabular">{duration(p50)}</td>
              <td class="tabular">{duration(p95)}</td>
              <td class="tabular">{number(runs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

export function SuccessRate({ rate }: { rate: number | null }) {
  return (
    <span class="rate">
      <span class="meter rate-meter" aria-hidden="true">
        <span style={{ width: `${100 * (rate ?? 0)}%` }} />
      </span>
      {percent(rate)}
    </span>
  );
}
