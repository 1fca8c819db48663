/** Which page an address means. */

import { useEffect } from "preact/hooks";

import { signedOut } from "./api/client";
import { onKey } from "./lib/keyboard";
import { go, path } from "./lib/router";
import { Empty } from "./parts/basics";
import { Shell } from "./parts/shell";
import { AdminPage } from "./pages/admin";
import { DevicePage } from "./pages/device";
import { ComparePage } from "./pages/compare";
import { NowPage } from "./pages/now";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import { SchedulesPage } from "./pages/schedules";
import { SignInPage } from "./pages/sign-in";
import { TaskPage } from "./pages/task";
import { WorkflowPage } from "./pages/workflow";
import { WorkflowsPage } from "./pages/workflows";

export function App() {
  useEffect(() => onKey("/", search), []);
  if (signedOut.value) return <SignInPage />;
  return (
    <Shell>
      <Page />
    </Shell>
  );
}

function Page() {
  const [first = "", second, third, fourth] = path.value;
  if (first === "") return <NowPage />;
  if (first === "runs") return second ? <RunPage key={second} id={second} /> : <RunsPage />;
  if (first === "workflows") {
    if (second && third === "tasks" && fourth) {
      return <TaskPage key={`${second}/${fourth}`} workflow={second} task={fourth} />;
    }
    return second ? <WorkflowPage key={second} name={second} /> : <WorkflowsPage />;
  }
  if (first === "compare") return <ComparePage />;
  if (first === "schedules") return <SchedulesPage />;
  if (first === "admin") return <AdminPage />;
  if (first === "device") return <DevicePage />;
  return (
    <Empty title="There is no such page">
      <a href="/">What happens now</a>
    </Empty>
  );
}

/** Put the cursor where one searches runs, whichever page one is on. */
function search(): void {
  if (path.value[0] !== "runs" || path.value[1]) go("/runs");
  requestAnimationFrame(() => document.querySelector<HTMLInputElement>("#search")?.focus());
}
