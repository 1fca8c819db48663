/** Times, durations, sizes and counts as people read them. */

import { signal } from "@preact/signals";

/** The time, as often as a page has to move with it. */
export const clock = signal(Date.now());
setInterval(() => {
  if (!document.hidden) clock.value = Date.now();
}, 1000);
document.addEventListener("visibilitychange", () => {
  clock.value = Date.now();
});

export const millis = (iso: string | null | undefined): number | null =>
  iso ? Date.parse(iso) : null;

/** `340 ms`, `4.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  const s = Math.max(0, seconds);
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(s / 3600);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long something took, or has taken by now. */
export function elapsed(started: string | null, finished: string | null): number | null {
  const from = millis(started);
  if (from === null) return null;
  return ((millis(finished) ?? Math.max(clock.value, from)) - from) / 1000;
}

/** `now`, `4 min ago`, `in 2 h`, `yesterday`, `12 Nov`. */
export function ago(iso: string | null | undefined): string {
  const at = millis(iso);
  if (at === null) return "–";
  const seconds = Math.round((clock.value - at) / 1000);
  const far = Math.abs(seconds);
  if (far < 5) return "now";
  const words = step(far, at);
  if (far >= 7 * 86400) return words;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

function step(far: number, at: number): string {
  if (far < 60) return `${far} s`;
  if (far < 3600) return `${Math.round(far / 60)} min`;
  if (far < 86400) return `${Math.round(far / 3600)} h`;
  if (far < 7 * 86400) return `${Math.round(far / 86400)} d`;
  return day(new Date(at).toISOString());
}

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "long",
  hourCycle: "h23",
});
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

export const day = (iso: string): string => DAY.format(new Date(iso));
export const full = (iso: string | null | undefined): string =>
  iso ? FULL.format(new Date(iso)) : "";
export const time = (iso: string): string => CLOCK.format(new Date(iso));

/** A time in a zone by name, or in the viewer's; the zone's name where it is unknown. */
export function inZone(iso: string, zone?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat(undefined, zone ? { ...options, timeZone: zone } : options).format(
      new Date(iso),
    );
  } catch {
    return `${iso} (${zone})`;
  }
}

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const number = (value: number): string => value.toLocaleString("en");
export const percent = (share: number | null): string =>
  share === null ? "–" : `${share > 0.995 && share < 1 ? "99+" : Math.round(share * 100)} %`;

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${number(n)} ${n === 1 ? one : many}`;

/** Any value of JSON in one line. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export const shortId = (id: string): string => id.slice(-8);
export const shortCommit = (commit: string): string => commit.slice(0, 9);

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
