/** The server itself: its store, its health, who may do what, and who did. */

import { get } from "../api/client";
import { useResource } from "../api/resource";
import { meta } from "../api/session";
import type { Admin, AuditEntry } from "../api/types";
import { number, size } from "../lib/format";
import { Ago, Facts, Loading, Said, Section, Trouble } from "../parts/basics";
import { State } from "../parts/state";
import { Head } from "./page";
import { Tokens } from "./tokens";

export function AdminPage() {
  const { data, error } = useResource(
    "admin",
    (abort) => get<Admin>("/admin", {}, abort),
    () => false,
  );
  const audit = useResource("audit", (abort) =>
    get<{ entries: AuditEntry[] }>("/audit", { limit: 100 }, abort),
  );
  const admin = data.value;
  const team = meta.value?.mode === "server";
  return (
    <>
      <Head title="Admin" />
      {error.value && !admin && <Trouble error={error.value} />}
      {!admin && !error.value && <Loading />}
      {admin && (
        <>
          <div class="columns">
            <Section title="Store">
              <Facts
                rows={[
                  ["kind", admin.store.kind],
                  ["size", size(admin.store.size)],
                  ["runs", number(admin.store.runs)],
                  ["events", admin.store.events === null ? "–" : number(admin.store.events)],
                  ["kept", admin.retention ?? "as the storage says"],
                  ["version", admin.version],
                ]}
              />
            </Section>
            <Section title="Health">
              <Facts
                rows={admin.health.map(({ name, ok, text }) => [
                  name,
                  <span class="health">
                    <State state={ok ? "Completed" : "Failed"} small />
                    <Said text={text || (ok ? "fine" : "not well")} />
                  </span>,
                ])}
              />
            </Section>
          </div>
          {team && <Tokens changed={audit.refresh} />}
          <Audit entries={audit.data.value?.entries ?? []} />
        </>
      )}
    </>
  );
}

function Audit({ entries }: { entries: AuditEntry[] }) {
  return (
    <Section title="Who did what">
      {entries.length ? (
        <ul class="plain-list">
          {entries.map((entry, index) => (
            <li key={index}>
              <span class="grow cut">
                <strong>
                  <Said text={entry.who} />
                </strong>{" "}
                {entry.action} <Said text={entry.target} mono />
              </span>
              <span class="note">
                <Ago at={entry.time} />
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="none">Nobody has cancelled, retried or changed anything.</p>
      )}
    </Section>
  );
}
