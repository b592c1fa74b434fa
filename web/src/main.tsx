import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { watchWorker } from "./app/worker";
import { watchInstallOffer } from "./patient/installPrompt";
import { watchUse } from "./session/idle";
import { getState, subscribe } from "./session/store";

watchUse();
const stop = subscribe(watchDevice);
watchDevice();
watchWorker();
watchInstallOffer();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

/** What this device gets concerns nobody before they are signed in, and is not loaded for the sign-in screen. */
function watchDevice(): void {
  if (getState().status !== "in") return;
  stop();
  void import("./session/push").then(({ keepRegistered }) => keepRegistered());
}
