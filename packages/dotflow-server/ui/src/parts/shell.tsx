/** What is around every page: the way to the others, the connection, the theme. */

import type { ComponentChildren } from "preact";

import { meta, signOut } from "../api/session";
import { online } from "../api/live";
import { visible } from "../lib/ansi";
import { helpOpen } from "../lib/keyboard";
import { path } from "../lib/router";
import { nextTheme, theme } from "../lib/theme";
import { toast } from "../lib/toast";
import { IconButton } from "./basics";
import { Dialogs } from "./dialog";
import { Sign, type Glyph } from "./icons";

interface Place {
  href: string;
  label: string;
  glyph: Glyph;
  first: string[];
}

const PLACES: Place[] = [
  { href: "/", label: "Now", glyph: "now", first: [""] },
  { href: "/runs", label: "Runs", glyph: "runs", first: ["runs", "compare"] },
  { href: "/workflows", label: "Workflows", glyph: "workflows", first: ["workflows"] },
  { href: "/schedules", label: "Schedules", glyph: "schedules", first: ["schedules"] },
  { href: "/admin", label: "Admin", glyph: "admin", first: ["admin"] },
];

const THEME_GLYPHS = { system: "screen", light: "sun", dark: "moon" } as const;

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <aside class="side" aria-label="dotflow">
        <a href="/" class="brand">
          <Mark />
          dotflow
        </a>
        <nav aria-label="Pages">
          {PLACES.map((place) => (
            <a
              key={place.href}
              href={place.href}
              aria-current={place.first.includes(path.value[0] ?? "") ? "page" : undefined}
            >
              <Sign glyph={place.glyph} />
              {place.label}
            </a>
          ))}
        </nav>
        <div class="side-foot">
          <Connection />
          <div class="side-tools">
            <IconButton
              glyph={THEME_GLYPHS[theme.value]}
              label={`Theme: ${theme.value}`}
              onClick={nextTheme}
            />
            <IconButton glyph="keys" label="Keys" onClick={() => (helpOpen.value = true)} />
            {meta.value?.mode === "server" && (
              <button type="button" class="link" onClick={() => void signOut()}>
                Sign out
              </button>
            )}
          </div>
        </div>
      </aside>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Dialogs />
      <div class="toasts" role="status" aria-live="polite">
        {toast.value && (
          <div class={`toast ${toast.value.bad ? "tone-bad" : ""}`}>
            <span>{visible(toast.value.text)}</span>
            <IconButton glyph="close" label="Close" onClick={() => (toast.value = null)} />
          </div>
        )}
      </div>
    </div>
  );
}

function Connection() {
  const known = meta.value;
  return (
    <div class="connection">
      <span class={online.value ? "dot on" : "dot"} aria-hidden="true" />
      <span role="status">{online.value ? "Live" : "Reconnecting"}</span>
      {known && (
        <span class="store" title={`${known.store}, dotflow ${known.version}`}>
          {known.store}
        </span>
      )}
    </div>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" />
      <path d="M3.5 8h3M9.5 8h3" />
      <circle cx="8" cy="8" r="2.25" />
    </svg>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
