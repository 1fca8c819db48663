/** A list that draws only the rows one sees, however long it is. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

interface VirtualListProps {
  count: number;
  /** Of a row, in pixels. */
  height: number;
  row: (index: number) => ComponentChildren;
  keyOf: (index: number) => string;
  label: string;
  /** Keep this row in sight when it changes. */
  cursor?: number;
  /** Stay at the end as rows are added, unless somebody has scrolled away from it. */
  follow?: boolean;
  /** Called with how many rows are left below; for lists that are fetched in pages. */
  onNear?: (left: number) => void;
  /** How high the box is, in pixels, where its style does not say. */
  tall?: number;
  class?: string;
  role?: "list" | "log";
}

const MARGIN = 8;
// Browsers cannot draw boxes higher than some 33 million pixels.
const HIGHEST = 15_000_000;

export function VirtualList(props: VirtualListProps) {
  const { count, height, row, keyOf, label, cursor, follow, onNear } = props;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const view = useSignal(800);
  const atEnd = useRef(true);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      view.value = element.clientHeight;
    });
    observer.observe(element);
    view.value = element.clientHeight;
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element && follow && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [count, follow]);

  useEffect(() => {
    const element = box.current;
    if (!element || cursor === undefined || cursor < 0) return;
    const at = cursor * height;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + height > element.scrollTop + element.clientHeight) {
      element.scrollTop = at + height - element.clientHeight;
    }
  }, [cursor]);

  const first = Math.max(0, Math.floor(top.value / height) - MARGIN);
  const last = Math.min(count, Math.ceil((top.value + view.value) / height) + MARGIN);

  useEffect(() => {
    onNear?.(count - last);
  }, [last, count]);

  const scrolled = (event: Event) => {
    const element = event.currentTarget as HTMLDivElement;
    // Only where the rows drawn are about to end: scrolling itself is the browser's.
    const step = height * (MARGIN / 2);
    if (Math.abs(element.scrollTop - top.value) > step || element.scrollTop < step) {
      top.value = element.scrollTop;
    }
    atEnd.current =
      element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * height;
  };

  const rows = [];
  for (let index = first; index < last; index += 1) {
    rows.push(
      <div
        key={keyOf(index)}
        role={props.role === "log" ? undefined : "listitem"}
        class="virtual-row"
        style={{ transform: `translateY(${index * height}px)`, height: `${height}px` }}
      >
        {row(index)}
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class={`virtual ${props.class ?? ""}`}
      onScroll={scrolled}
      style={props.tall === undefined ? {} : { height: `${props.tall}px` }}
      role={props.role ?? "list"}
      aria-label={label}
      tabIndex={0}
    >
      <div
        role="presentation"
        class="virtual-all"
        style={{ height: `${Math.min(HIGHEST, count * height)}px` }}
      >
        {rows}
      </div>
    </div>
  );
}
