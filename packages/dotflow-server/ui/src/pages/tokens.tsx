/** Who may send, read, operate and administer: tokens, shown once. */

import { useSignal } from "@preact/signals";

import { get, part, send } from "../api/client";
import { useResource } from "../api/resource";
import type { Token } from "../api/types";
import { tried } from "../lib/toast";
import { Ago, Button, Copy, Said, Section, Wide } from "../parts/basics";
import { confirmed } from "../parts/dialog";

const SCOPES = ["ingest", "read", "operate", "admin"];

export function Tokens({ changed }: { changed: () => void }) {
  const { data, ...resource } = useResource("tokens", (abort) =>
    get<{ tokens: Token[] }>("/tokens", {}, abort),
  );
  const tokens = data.value?.tokens ?? [];
  const refresh = () => {
    resource.refresh();
    changed();
  };
  return (
    <Section title="Tokens" note={tokens.length || undefined}>
      <NewToken refresh={refresh} />
      {tokens.length > 0 && (
        <Wide label="Tokens">
          <table class="wide">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Scopes</th>
                <th scope="col">Last used</th>
                <th scope="col">Expires</th>
                <th scope="col">
                  <span class="unseen">Revoke</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tokens.map((token) => (
                <TokenRow key={token.id} token={token} refresh={refresh} />
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </Section>
  );
}

function TokenRow({ token, refresh }: { token: Token; refresh: () => void }) {
  const revoke = async () => {
    const text = "Whoever uses it is refused from then on.";
    if (!(await confirmed(`Revoke ${token.name}?`, text, "Revoke"))) return;
    await tried(send(`/tokens/${part(token.id)}`, {}, "DELETE"), "Revoked.");
    refresh();
  };
  return (
    <tr>
      <th scope="row">
        <Said text={token.name} />
      </th>
      <td>
        {token.scopes.map((scope) => (
          <span key={scope} class="tag">
            {scope}
          </span>
        ))}
      </td>
      <td>{token.last_used ? <Ago at={token.last_used} /> : "never"}</td>
      <td>{token.expires ? <Ago at={token.expires} /> : "never"}</td>
      <td>
        {token.revoked ? <span class="note">revoked</span> : <Button onClick={() => void revoke()}>Revoke</Button>}
      </td>
    </tr>
  );
}

function NewToken({ refresh }: { refresh: () => void }) {
  const name = useSignal("");
  const scopes = useSignal(["read"]);
  const days = useSignal("90");
  const made = useSignal("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const token = await tried(
      send<{ token: string }>("/tokens", {
        name: name.value,
        scopes: scopes.value,
        expires_days: days.value ? Number(days.value) : null,
      }),
      "Made. It is shown only now.",
    );
    if (!token) return;
    made.value = token.token;
    name.value = "";
    refresh();
  };
  const toggle = (scope: string, on: boolean) => {
    scopes.value = SCOPES.filter((one) => (one === scope ? on : scopes.value.includes(one)));
  };
  return (
    <>
      <form class="new-token" onSubmit={(event) => void submit(event)}>
        <input
          required
          placeholder="Name of a new token"
          aria-label="Name of a new token"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        {SCOPES.map((scope) => (
          <label key={scope} class="check">
            <input
              type="checkbox"
              checked={scopes.value.includes(scope)}
              onChange={(event) => toggle(scope, event.currentTarget.checked)}
            />
            {scope}
          </label>
        ))}
        <label class="check">
          for
          <input
            type="number"
            min="1"
            max="3650"
            aria-label="Days until it expires"
            value={days.value}
            onInput={(event) => (days.value = event.currentTarget.value)}
          />
          days
        </label>
        <button type="submit" class="button" disabled={!scopes.value.length}>
          Make a token
        </button>
      </form>
      {made.value && (
        <p class="made">
          <Copy text={made.value}>
            <code>{made.value}</code>
          </Copy>
        </p>
      )}
    </>
  );
}
