/** Icons of 16 pixels, drawn with lines in the colour of the text. */

import type { ComponentChildren } from "preact";

import type { Shape } from "../lib/states";

const SHAPES: Record<Shape, ComponentChildren> = {
  check: (
    <>
      <circle cx="8" cy="8" r="6.5" class="fill" />
      <path d="M5.2 8.3l2 2 3.7-4.4" class="knock" />
    </>
  ),
  cross: (
    <>
      <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z" class="fill" />
      <path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" class="knock" />
    </>
  ),
  bolt: (
    <>
      <path d="M8 1.2l6.8 12.6H1.2z" class="fill" />
      <path d="M8 6v3.6M8 11.4v.4" class="knock" />
    </>
  ),
  ring: (
    <g class="turn">
      <circle cx="8" cy="8" r="5.75" class="track" />
      <path d="M8 2.25A5.75 5.75 0 0 1 13.75 8" />
    </g>
  ),
  hollow: <circle cx="8" cy="8" r="5.75" />,
  dots: (
    <>
      <circle cx="8" cy="8" r="5.75" stroke-dasharray="1.6 2.01" />
    </>
  ),
  skip: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M4.2 11.8l7.6-7.6" />
    </>
  ),
  stop: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <rect x="5.75" y="5.75" width="4.5" height="4.5" class="fill" stroke="none" />
    </>
  ),
  again: (
    <>
      <path d="M13.2 9.6A5.5 5.5 0 1 1 12.6 5" />
      <path d="M13 1.9v3.3H9.7" />
    </>
  ),
  pause: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M6.5 5.8v4.4M9.5 5.8v4.4" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6.5" class="fill" />
      <path d="M8 4.6V8l2.3 1.6" class="knock" />
    </>
  ),
};

export function ShapeIcon({ shape }: { shape: Shape }) {
  return <Icon>{SHAPES[shape]}</Icon>;
}

export const shapeParts = (shape: Shape): ComponentChildren => SHAPES[shape];

const GLYPHS = {
  now: <path d="M1.5 8h3l2-4.5 3 9 2-4.5h3" />,
  runs: <path d="M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8M5.5 8h8M5.5 12h8" />,
  workflows: (
    <>
      <rect x="1.75" y="5.75" width="4.5" height="4.5" rx="1" />
      <rect x="9.75" y="1.75" width="4.5" height="4.5" rx="1" />
      <rect x="9.75" y="9.75" width="4.5" height="4.5" rx="1" />
      <path d="M6.25 8h1.5m2-4h-1a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h1" />
    </>
  ),
  schedules: (
    <>
      <rect x="2" y="3" width="12" height="11" rx="2" />
      <path d="M2 6.5h12M5.5 1.5v3M10.5 1.5v3" />
    </>
  ),
  admin: (
    <>
      <path d="M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7" />
      <circle cx="11" cy="4.5" r="1.75" />
      <circle cx="5" cy="11.5" r="1.75" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.5l3.5 3.5" />
    </>
  ),
  close: <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />,
  right: <path d="M6 3.5L10.5 8 6 12.5" />,
  down: <path d="M3.5 6L8 10.5 12.5 6" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M3.5 10.5h-.3a1 1 0 0 1-.7-1V3.5a1 1 0 0 1 1-1h6a1 1 0 0 1 1 .7v.3" />
    </>
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7" />
    </>
  ),
  moon: <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />,
  screen: (
    <>
      <rect x="1.75" y="2.75" width="12.5" height="8.5" rx="1.5" />
      <path d="M5.5 13.5h5" />
    </>
  ),
  keys: (
    <>
      <rect x="1.5" y="4" width="13" height="8" rx="1.5" />
      <path d="M4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6" />
    </>
  ),
  fit: <path d="M2.5 6v-3.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />,
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
} as const;

export type Glyph = keyof typeof GLYPHS;

export function Sign({ glyph }: { glyph: Glyph }) {
  return <Icon>{GLYPHS[glyph]}</Icon>;
}

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      {children}
    </svg>
  );
}
