/** What narrows the list of runs; all of it stands in the address. */

import { useEffect, useRef } from "preact/hooks";

import { meta } from "../api/session";
import { query, setQuery } from "../lib/router";
import { look, RUN_STATES } from "../lib/states";
import { visible } from "../lib/ansi";
import { IconButton } from "../parts/basics";
import { ShapeIcon, Sign } from "../parts/icons";

const TYPING_MS = 250;
const PERIODS: [string, string][] = [
  ["", "Any time"],
  ["1h", "Last hour"],
  ["24h", "Last 24 h"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];
const PERIOD = /^(\d+)([hd])$/;
/** Filters that are set by links alone, and taken away by a cross. */
const CHIPS = ["error", "tag", "where", "parent", "workflow"];

/** The query of the address as the API takes it. */
export function runQuery(): Record<string, string | string[] | null> {
  const search = query.value;
  return {
    status: search.getAll("status"),
    workflow: search.get("workflow"),
    text: search.get("text"),
    error: search.get("error"),
    tag: search.getAll("tag"),
    where: search.getAll("where"),
    parent: search.get("parent"),
    since: sinceTime(search.get("since")),
    until: search.get("until"),
  };
}

/** `24h` as the time that was 24 hours ago; times as they are. */
function sinceTime(text: string | null): string | null {
  const [, count, unit] = PERIOD.exec(text ?? "") ?? [];
  if (!count) return text;
  const hours = Number(count) * (unit === "d" ? 24 : 1);
  return new Date(Date.now() - hours * 3_600_000).toISOString();
}

export function RunFilters() {
  return (
    <div class="filters" role="search">
      <Search />
      <Statuses />
      <label class="select">
        <span class="unseen">Time</span>
        <select
          value={query.value.get("since") ?? ""}
          onChange={(event) => setQuery({ since: event.currentTarget.value }, true)}
        >
          {PERIODS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <Sign glyph="down" />
      </label>
      <Chips />
    </div>
  );
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  const text = query.value.get("text") ?? "";
  const can = meta.value?.capabilities.includes("text") ?? true;
  const timer = useRef(0);
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = text;
  }, [text]);
  const typed = () => {
    clearTimeout(timer.current);
    const value = input.current?.value.trim() ?? "";
    timer.current = window.setTimeout(() => setQuery(can ? { text: value } : { workflow: value }), TYPING_MS);
  };
  return (
    <label class="search">
      <Sign glyph="search" />
      <input
        id="search"
        ref={input}
        type="search"
        placeholder={can ? "Text in errors and parameters" : "Name of a workflow"}
        aria-label={can ? "Search runs" : "Name of a workflow"}
        onInput={typed}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

function Statuses() {
  const chosen = query.value.getAll("status");
  const toggle = (name: string) => {
    const next = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    setQuery({ status: next }, true);
  };
  return (
    <div class="statuses" role="group" aria-label="Status">
      {RUN_STATES.map((name) => {
        const { label, shape, tone } = look(name);
        return (
          <button
            key={name}
            type="button"
            class={`tone-${tone}`}
            aria-pressed={chosen.includes(name)}
            onClick={() => toggle(name)}
          >
            <ShapeIcon shape={shape} />
            <span>{label}</span>
          </button>
        );
      })}
    </div>
  );
}

function Chips() {
  const search = query.value;
  const chips = CHIPS.flatMap((name) => search.getAll(name).map((value) => ({ name, value })));
  const without = (name: string, value: string) =>
    setQuery({ [name]: search.getAll(name).filter((one) => one !== value) }, true);
  return (
    <>
      {chips.map(({ name, value }) => (
        <span key={`${name} ${value}`} class="chip">
          <span class="note">{name}</span> <bdi>{visible(value)}</bdi>
          <IconButton glyph="close" label={`Not only ${name} ${value}`} onClick={() => without(name, value)} />
        </span>
      ))}
    </>
  );
}
