/** An error: what was raised, and the frames of one's own code before all others. */

import { useSignal } from "@preact/signals";

import type { Frame, FullError } from "../api/types";
import { stripped } from "../lib/ansi";
import { plural } from "../lib/format";
import { Copy, Said } from "./basics";

export function Failure({ error }: { error: FullError }) {
  const all = useSignal(false);
  const yours = error.frames.filter((frame) => frame.yours);
  const others = error.frames.length - yours.length;
  // The last call stands first: it is where one looks.
  const shown = [...(all.value || !yours.length ? error.frames : yours)].reverse();
  return (
    <div class="failure">
      <p class="failure-head">
        <span class="tone-bad mono">{error.exception}</span>
        {error.traceback && <Copy text={error.traceback} />}
      </p>
      {error.message && <pre class="failure-message">{stripped(error.message)}</pre>}
      {shown.length > 0 && (
        <ol class="frames">
          {shown.map((frame, index) => (
            <FrameView key={index} frame={frame} />
          ))}
        </ol>
      )}
      {others > 0 && yours.length > 0 && (
        <button type="button" class="link" onClick={() => (all.value = !all.value)}>
          {all.value ? "Only your code" : `And ${plural(others, "frame")} of libraries`}
        </button>
      )}
      {!error.frames.length && error.traceback && <pre class="text">{stripped(error.traceback)}</pre>}
    </div>
  );
}

function FrameView({ frame }: { frame: Frame }) {
  return (
    <li class={frame.yours ? "frame yours" : "frame"}>
      <span class="frame-place mono">
        <Said text={`${frame.file}:${frame.line}`} />
      </span>{" "}
      <span class="note">
        in <Said text={frame.function} />
      </span>
      {frame.code && <code>{stripped(frame.code)}</code>}
    </li>
  );
}
