/** Who looks: the one-time secret of `dotflow ui`, or a token that somebody enters. */

import { signal } from "@preact/signals";

import { get, send, signedOut } from "./client";
import { prepare } from "./resumption";
import type { Meta } from "./types";

/** What this server is and what may be done here; null until it is known. */
export const meta = signal<Meta | null>(null);

/** The address of a new `dotflow ui` may be opened in the tab of the one before. */
addEventListener("hashchange", () => void enter());

/** Take the secret out of the address before anything else can read it there. */
export async function enter(): Promise<void> {
  const secret = new URLSearchParams(location.hash.slice(1)).get("s");
  if (secret) {
    history.replaceState(history.state, "", location.pathname + location.search);
    await send("/session", { secret }).then(
      () => (signedOut.value = false),
      () => undefined,
    );
  }
  await learn();
}

export async function signIn(token: string): Promise<void> {
  await send("/session", { token });
  signedOut.value = false;
  await learn();
}

export async function signOut(): Promise<void> {
  await send("/session", {}, "DELETE");
  signedOut.value = true;
}

/** Learn what this server is, or is now: it may be another version with other rights. */
export async function learn(): Promise<void> {
  try {
    meta.value = await get<Meta>("/meta");
    if (meta.value.mode === "ui") await prepare();
  } catch {
    // Whoever asks for more hears of it.
  }
}
