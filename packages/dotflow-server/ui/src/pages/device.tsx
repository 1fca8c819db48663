/** Where `dotflow login` sends somebody: may that terminal send its runs here? */

import { useSignal } from "@preact/signals";

import { part, send } from "../api/client";
import { query } from "../lib/router";
import { tried } from "../lib/toast";
import { Button, Empty } from "../parts/basics";
import { Head } from "./page";

export function DevicePage() {
  const code = query.value.get("code") ?? "";
  const done = useSignal(false);
  const approve = async () => {
    const asked = send(`/devices/${part(code)}/approve`).then(() => true);
    done.value = (await tried(asked, "It may send runs from now on.")) ?? false;
  };
  return (
    <>
      <Head title="A terminal asks" />
      <Empty title={done.value ? "Go back to the terminal" : `Does it show the code ${code}?`}>
        {!done.value && (
          <Button primary onClick={() => void approve()}>
            Let it send runs
          </Button>
        )}
      </Empty>
    </>
  );
}
