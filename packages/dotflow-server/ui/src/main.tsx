import { render } from "preact";

import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/graph.css";
import "./style/pages.css";
import "./style/chart.css";

import { online, start } from "./api/live";
import { enter, learn } from "./api/session";
import { App } from "./app";
import { onKey, startKeyboard } from "./lib/keyboard";
import { nextTheme } from "./lib/theme";

startKeyboard();
onKey("t", nextTheme);

void enter().then(() => {
  start();
  online.subscribe((on) => on && void learn());
  render(<App />, document.getElementById("app") as HTMLElement);
});
