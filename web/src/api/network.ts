/** Whether Quill can be reached, as far as requests have told: `navigator.onLine` says too little. */

import { observable } from "../app/observable";

const AGAIN_MS = 5_000;

let timer: ReturnType<typeof setTimeout> | undefined;

const offline = observable(false);
export const { get: isOffline, subscribe } = offline;

/** An answer came, whatever it said. */
export function reached(): void {
  clearTimeout(timer);
  offline.set(false);
}

/** No answer came; from now on it is tried until one comes. */
export function unreached(): void {
  offline.set(true);
  clearTimeout(timer);
  timer = setTimeout(probe, AGAIN_MS);
}

async function probe(): Promise<void> {
  await fetch("/api/push/public-key", { cache: "no-store" }).then(reached, unreached);
}

window.addEventListener("offline", unreached);
window.addEventListener("online", () => void probe());
