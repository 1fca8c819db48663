/** Failures that look alike, over all runs: which one is it that keeps coming back? */

import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { FailureGroup } from "../api/types";
import { day, full, plural } from "../lib/format";
import { query, to } from "../lib/router";
import { Ago, Empty, Loading, Said, Trouble } from "../parts/basics";
import { ShapeIcon } from "../parts/icons";

export function FailureGroups() {
  const workflow = query.value.get("workflow");
  const { data, error } = useResource(
    `failures ${workflow}`,
    (abort) => get<{ groups: FailureGroup[] }>("/failures", { workflow, limit: 200 }, abort),
    (change) => change.kind === "now" || (change.kind === "run" && Boolean(change.row)),
  );
  if (error.value && !data.value) return <Trouble error={error.value} />;
  if (!data.value) return <Loading />;
  if (!data.value.groups.length) {
    return <Empty title="Nothing has failed">Failures that look alike stand here as one.</Empty>;
  }
  return (
    <ul class="groups">
      {data.value.groups.map((group) => (
        <Group key={`${group.workflow} ${group.task} ${group.error} ${group.shape}`} group={group} />
      ))}
    </ul>
  );
}

function Group({ group }: { group: FailureGroup }) {
  const search = new URLSearchParams({ workflow: group.workflow, error: group.error });
  return (
    <li class="group">
      <span class="tone-bad">
        <ShapeIcon shape="cross" />
      </span>
      <div class="group-text">
        <p>
          <a href={`/runs?${search}`}>
            <strong class="mono">{group.error}</strong>
            {group.task && (
              <>
                {" in "}
                <Said text={group.task} />
              </>
            )}
          </a>{" "}
          <span class="note">
            of{" "}
            <a href={to("workflows", group.workflow)}>
              <Said text={group.workflow} />
            </a>
          </span>
        </p>
        <p class="group-message">
          <Said text={group.message.slice(0, 300)} />
        </p>
      </div>
      <div class="group-count">
        <strong>{plural(group.count, "run")}</strong>
        <span class="note" title={full(group.first)}>
          since {day(group.first)}
        </span>
      </div>
      <a class="button" href={to("runs", group.run_id)}>
        Last, <Ago at={group.last} />
      </a>
    </li>
  );
}
