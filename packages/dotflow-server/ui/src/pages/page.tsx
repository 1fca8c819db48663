/** What every page has: a title, in the page and in the window. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

interface HeadProps {
  title: string;
  children?: ComponentChildren;
  aside?: ComponentChildren;
}

export function Head({ title, children, aside }: HeadProps) {
  useTitle(title);
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {children}
      <span class="grow" />
      {aside}
    </header>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · dotflow`;
  }, [title]);
}
