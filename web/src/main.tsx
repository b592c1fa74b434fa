import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./ui/base.css";
import { keepRegistered } from "./session/push";
import { App } from "./app/App";
import { applyTheme } from "./app/theme";
import { watchWorker } from "./app/worker";
import { beCounted, restore } from "./session/session";
import { watchUse } from "./session/idle";

applyTheme();
beCounted();
watchUse();
keepRegistered();
void restore();
watchWorker();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
