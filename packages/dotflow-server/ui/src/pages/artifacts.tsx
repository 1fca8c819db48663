/** What steps have put up to be seen: tables, texts, links, pictures. */

import type { ComponentChildren } from "preact";

import { get, part } from "../api/client";
import { useResource } from "../api/resource";
import type { Artifact, RunDetail } from "../api/types";
import { stripped } from "../lib/ansi";
import { plain, size } from "../lib/format";
import { Ago, Empty, Loading, Said, Trouble, Wide } from "../parts/basics";

const MOST_ROWS = 200;
const SAFE_LINK = /^https?:\/\//i;
const SAFE_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

export function Artifacts({ detail }: { detail: RunDetail }) {
  const id = detail.run.run_id;
  const { data, error } = useResource(
    `artifacts ${id}`,
    (abort) => get<{ artifacts: Artifact[] }>(`/runs/${part(id)}/artifacts`, {}, abort),
    (change) => change.kind === "run" && change.run_id === id,
  );
  if (error.value && !data.value) return <Trouble error={error.value} />;
  if (!data.value) return <Loading />;
  if (!data.value.artifacts.length) {
    return (
      <Empty title="No artifacts" command='from dotflow import artifact; artifact("report", rows)'>
        Tables, texts and links that steps put up stand here.
      </Empty>
    );
  }
  return (
    <div class="artifacts">
      {data.value.artifacts.map((artifact, index) => (
        <article key={index} class="artifact">
          <header>
            <h3>
              <Said text={artifact.name} />
            </h3>
            <span class="note">
              {artifact.kind}
              {artifact.size !== null && `, ${size(artifact.size)}`}
              {artifact.task && (
                <>
                  {", of "}
                  <Said text={artifact.task} />
                </>
              )}
              , <Ago at={artifact.time} />
            </span>
          </header>
          <Value artifact={artifact} />
        </article>
      ))}
    </div>
  );
}

function Value({ artifact }: { artifact: Artifact }): ComponentChildren {
  const { kind, value } = artifact;
  const text = plain(value);
  if (kind === "table" && Array.isArray(value)) return <Table rows={value as Row[]} />;
  if (kind === "link" && SAFE_LINK.test(text)) {
    return (
      <a href={text} target="_blank" rel="noopener noreferrer">
        <Said text={text} />
      </a>
    );
  }
  if (kind === "image" && SAFE_IMAGE.test(text)) return <img src={text} alt={artifact.name} />;
  return <pre class="text">{stripped(typeof value === "string" ? value : JSON.stringify(value, null, 2))}</pre>;
}

type Row = Record<string, unknown>;

function Table({ rows }: { rows: Row[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <Wide label="Table">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {stripped(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} class={typeof row[column] === "number" ? "tabular" : undefined}>
                  {stripped(plain(row[column]))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p class="note">and {rows.length - MOST_ROWS} rows more</p>}
    </Wide>
  );
}
