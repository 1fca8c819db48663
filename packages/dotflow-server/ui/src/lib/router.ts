/** Where one is: the path and the query of the address, and moving about. */

import { computed, signal } from "@preact/signals";

const here = signal(read());

/** The parts of the path, decoded: `["runs", "01M8…"]`. */
export const path = computed(() => here.value.pathname.split("/").slice(1).map(decode));

/** The query of the address. */
export const query = computed(() => here.value.searchParams);

addEventListener("popstate", () => {
  here.value = read();
});

/** Links are plain links; a click on one of ours is no new page. */
addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey) return;
  if (event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.origin !== location.origin) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

export function go(target: string): void {
  history.pushState(null, "", target);
  here.value = read();
  scrollTo(0, 0);
}

/** Change some of the query in place; null takes a name away, and "" does unless kept. */
export function setQuery(
  changes: Record<string, string | string[] | null>,
  push = false,
  keepEmpty = false,
): void {
  const url = read();
  for (const [name, value] of Object.entries(changes)) {
    url.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one || (keepEmpty && one === "")) url.searchParams.append(name, one);
    }
  }
  history[push ? "pushState" : "replaceState"](null, "", url.pathname + url.search);
  here.value = url;
}

/** The address of a page: `to("runs", id)`, with each part encoded. */
export function to(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

function read(): URL {
  return new URL(location.href);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
