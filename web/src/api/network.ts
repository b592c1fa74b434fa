/** Whether Quill can be reached, as far as requests have told: `navigator.onLine` says too little. */

const AGAIN_MS = 5_000;

let offline = false;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const isOffline = (): boolean => offline;

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** An answer came, whatever it said. */
export function reached(): void {
  clearTimeout(timer);
  change(false);
}

/** No answer came; from now on it is tried until one comes. */
export function unreached(): void {
  change(true);
  clearTimeout(timer);
  timer = setTimeout(probe, AGAIN_MS);
}

async function probe(): Promise<void> {
  await fetch("/api/push/public-key", { cache: "no-store" }).then(reached, unreached);
}

function change(value: boolean): void {
  if (offline === value) return;
  offline = value;
  for (const listener of listeners) listener();
}

window.addEventListener("offline", unreached);
window.addEventListener("online", () => void probe());
