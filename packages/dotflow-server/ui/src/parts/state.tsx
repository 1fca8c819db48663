/** A state as a shape and a word. */

import { look } from "../lib/states";
import { ShapeIcon } from "./icons";

export function State({ state, small = false }: { state: string; small?: boolean }) {
  const { label, shape, tone } = look(state);
  return (
    <span class={`state tone-${tone}`} title={small ? label : undefined}>
      <ShapeIcon shape={shape} />
      <span class={small ? "unseen" : ""}>{label}</span>
    </span>
  );
}
