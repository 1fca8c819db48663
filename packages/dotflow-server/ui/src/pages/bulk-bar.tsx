/** What is done to all runs that are selected. */

import { ApiError, send } from "../api/client";
import { meta } from "../api/session";
import { plural } from "../lib/format";
import { say } from "../lib/toast";
import { Button, IconButton } from "../parts/basics";
import { confirmed } from "../parts/dialog";

interface Result {
  run_id: string;
  ok: boolean;
  message: string;
}

interface BulkBarProps {
  marked: string[];
  onDone: () => void;
}

export function BulkBar({ marked, onDone }: BulkBarProps) {
  if (!marked.length) return null;
  const can = meta.value?.can;
  const act = async (action: "cancel" | "retry") => {
    const title = `${action === "cancel" ? "Cancel" : "Retry"} ${plural(marked.length, "run")}?`;
    const text =
      action === "cancel"
        ? "What goes on is interrupted; what is completed is kept."
        : "What is completed is kept; the rest runs again.";
    if (!(await confirmed(title, text, action === "cancel" ? "Cancel them" : "Retry them"))) return;
    try {
      const { results } = await send<{ results: Result[] }>("/runs/bulk", { action, run_ids: marked });
      told(action, results);
      onDone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say([error.message, error.hint].filter(Boolean).join(" "), true);
    }
  };
  return (
    <div class="bulk" role="toolbar" aria-label="Selected runs">
      <strong>{marked.length} selected</strong>
      {can?.retry && <Button onClick={() => void act("retry")}>Retry</Button>}
      {can?.cancel && (
        <Button danger onClick={() => void act("cancel")}>
          Cancel
        </Button>
      )}
      <IconButton glyph="close" label="Select none" onClick={onDone} />
    </div>
  );
}

function told(action: string, results: Result[]): void {
  const refused = results.filter((result) => !result.ok);
  const done = `${plural(results.length - refused.length, "run")}: ${
    action === "cancel" ? "asked to end" : "started again"
  }.`;
  if (!refused.length) return say(done);
  say(`${done} ${refused.length} could not be: ${refused[0]?.message ?? ""}`, true);
}
