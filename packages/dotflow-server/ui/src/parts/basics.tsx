/** The small things that every page is made of. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

import type { ApiError } from "../api/client";
import { visible } from "../lib/ansi";
import { ago, full, millis } from "../lib/format";
import { say } from "../lib/toast";
import { Sign, type Glyph } from "./icons";

/** Text that somebody else wrote: isolated, and with nothing in it that hides. */
export function Said({ text, mono = false }: { text: string; mono?: boolean }) {
  return <bdi class={mono ? "mono" : undefined}>{visible(text)}</bdi>;
}

export function Ago({ at }: { at: string | null | undefined }) {
  if (millis(at) === null) return <span>–</span>;
  return (
    <time dateTime={at ?? ""} title={full(at)}>
      {ago(at)}
    </time>
  );
}

export function Copy({ text, children }: { text: string; children?: ComponentChildren }) {
  const done = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      say("The browser does not let this page copy.", true);
      return;
    }
    done.value = true;
    setTimeout(() => {
      done.value = false;
    }, 1500);
  };
  return (
    <button type="button" class="copy" onClick={copy} title="Copy" aria-label={`Copy ${text}`}>
      {children}
      {done.value ? <span class="tone-good">copied</span> : <Sign glyph="copy" />}
    </button>
  );
}

/** A command to type into a shell. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} />
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ComponentChildren;
  command?: string | undefined;
}

/** Nothing here yet, and the command that fills it. */
export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
      {command && <Command text={command} />}
    </div>
  );
}

/** What went wrong with asking the server; it asks again by itself where it is away. */
export function Trouble({ error }: { error: ApiError }) {
  if (error.status === 401) return null;
  return (
    <div class="empty" role="alert">
      <p class="empty-title">{error.away ? "The server does not answer" : error.message}</p>
      <p>{error.away ? "This page goes on by itself once it is back." : error.hint}</p>
    </div>
  );
}

interface ButtonProps {
  onClick: () => void;
  children: ComponentChildren;
  glyph?: Glyph;
  primary?: boolean;
  danger?: boolean;
  disabled?: boolean;
  title?: string | undefined;
}

export function Button({ onClick, children, glyph, primary, danger, disabled, title }: ButtonProps) {
  const kind = primary ? "primary" : danger ? "danger" : "";
  return (
    <button
      type="button"
      class={`button ${kind}`}
      onClick={onClick}
      disabled={disabled ?? false}
      title={title}
    >
      {glyph && <Sign glyph={glyph} />}
      {children}
    </button>
  );
}

export function IconButton({ glyph, label, onClick }: { glyph: Glyph; label: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick}>
      <Sign glyph={glyph} />
    </button>
  );
}

interface SectionProps {
  title: ComponentChildren;
  note?: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}

export function Section({ title, note, aside, children, class: name = "" }: SectionProps) {
  return (
    <section class={`section ${name}`}>
      <header class="section-head">
        <h2>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        <span class="grow" />
        {aside}
      </header>
      {children}
    </section>
  );
}

/** What may be wider than the screen; keys scroll it, too. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

/** Names and values in two columns. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A few numbers that are read first. */
export function Figures({ figures }: { figures: [string, string][] }) {
  return (
    <dl class="figures">
      {figures.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The place of something that is being fetched; seen only where it takes long. */
export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading</span>
    </div>
  );
}
