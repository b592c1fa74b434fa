import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { watchWorker } from "./app/worker";
import { watchInstallOffer } from "./patient/installPrompt";
import { watchUse } from "./session/idle";
import { keepRegistered } from "./session/push";

watchUse();
keepRegistered();
watchWorker();
watchInstallOffer();

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
