/** Where somebody without a session enters a token. */

import { useSignal } from "@preact/signals";

import { ApiError } from "../api/client";
import { signIn } from "../api/session";
import { Command } from "../parts/basics";
import { Mark } from "../parts/shell";
import { useTitle } from "./page";

export function SignInPage() {
  useTitle("Sign in");
  const token = useSignal("");
  const refused = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    try {
      await signIn(token.value.trim());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refused.value = error.away ? error.message : "This token is not known here, or has expired.";
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Sign in with a token</h1>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={token.value}
            aria-invalid={refused.value !== ""}
            aria-describedby="refused"
            onInput={(event) => (token.value = event.currentTarget.value)}
          />
        </label>
        <p id="refused" class="tone-bad" role="alert">
          {refused.value}
        </p>
        <button type="submit" class="button primary" disabled={busy.value}>
          Sign in
        </button>
        <p class="note">Whoever runs the server makes one with</p>
        <Command text="dotflow server token create NAME --scope read" />
        <p class="note">
          On a page of <code>dotflow ui</code>, open the address that it prints anew.
        </p>
      </form>
    </main>
  );
}
