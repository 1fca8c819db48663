/** Asks the JSON API, and tells whether somebody has to sign in first. */

import { signal } from "@preact/signals";

import { resume } from "./resumption";

/** True while the API answers that it does not know who asks. */
export const signedOut = signal(false);

/** What the API refused: its code, what was wrong, and what to do next. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
  }

  /** Whether the server could not be reached, which passes. */
  get away(): boolean {
    return this.status === 0 || this.status >= 502;
  }
}

type Query = Record<string, string | number | string[] | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") search.append(name, String(one));
    }
  }
  const text = search.toString();
  return `/api/v1${path}${text && `?${text}`}`;
}

export function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  return ask<T>(address(path, query), abort ? { signal: abort } : {});
}

export function send<T>(path: string, body: unknown = {}, method = "POST"): Promise<T> {
  return ask<T>(address(path), {
    method,
    headers: { "Content-Type": "application/json", "X-Dotflow": "1" },
    body: JSON.stringify(body),
  });
}

async function ask<T>(url: string, options: RequestInit, again = true): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, "away", "The server does not answer.", null);
  }
  if (response.ok) return response.status === 204 ? (undefined as T) : await response.json();
  if (response.status === 401) {
    if (again && (await resume())) return ask(url, options, false);
    signedOut.value = true;
  }
  throw await refusal(response);
}

async function refusal(response: Response): Promise<ApiError> {
  const told = await response.json().catch(() => null);
  const error = told?.error ?? {};
  return new ApiError(
    response.status,
    error.code ?? "unknown",
    error.message ?? `The server answered ${response.status}.`,
    error.hint ?? null,
  );
}

/** A part of a path, safe for names with slashes. */
export const part = encodeURIComponent;
