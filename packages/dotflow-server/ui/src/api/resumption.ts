/**
 * Goes on with the next process of `dotflow ui`, which knows no cookie of this one.
 *
 * The key is in the memory of an open page alone, and never sent: whoever else listens on
 * the port meanwhile learns nothing of it.
 */

interface Challenge {
  challenge: string | null;
  key: string | null;
  until: number | null;
}

const ADDRESS = "/api/v1/session";

let held: Challenge | null = null;
let going: Promise<boolean> | null = null;

/** Keep what this page will need, once it is signed in. */
export async function prepare(): Promise<void> {
  const found = await ask();
  if (found.key) held = found;
}

/** Sign in to a server that has been started anew, and say whether that was done. */
export function resume(): Promise<boolean> {
  going ??= prove()
    .catch(() => false)
    .finally(() => (going = null));
  return going;
}

async function prove(): Promise<boolean> {
  const { challenge } = await ask();
  if (!held?.key || !challenge) return false;
  const proof = { until: held.until, mac: await mac(held.key, challenge) };
  const answer = await fetch(ADDRESS, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Dotflow": "1" },
    body: JSON.stringify({ proof }),
  });
  return answer.ok;
}

async function ask(): Promise<Challenge> {
  return (await fetch(ADDRESS)).json();
}

async function mac(key: string, text: string): Promise<string> {
  const bytes = new TextEncoder();
  const kind = { name: "HMAC", hash: "SHA-256" };
  const made = await crypto.subtle.importKey("raw", bytes.encode(key), kind, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", made, bytes.encode(text));
  return [...new Uint8Array(signed)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
