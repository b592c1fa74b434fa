/** The service worker: registered by hand, since Trusted Types ask where its address comes from. */

import { observable } from "./observable";

const AGAIN_MS = 30 * 60_000;
/** The first worker stores the whole app, which must not hold up what is shown now. */
const FIRST_MS = 2_000;

let waiting: ServiceWorker | null = null;
let isOutdated = false;
const ready = observable(false);

/** Whether a newer version of Quill is ready: it waits, or another tab has let it take over. */
export const { get: hasUpdate, subscribe: subscribeWorker } = ready;

export function watchWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const pause = navigator.serviceWorker.controller ? 0 : FIRST_MS;
  setTimeout(() => register().catch(() => {}), pause); // private windows have none
}

async function register(): Promise<void> {
  watchTakeover();
  const registration = await navigator.serviceWorker.register(address(), { scope: "/" });
  found(registration);
  follow(registration);
  registration.addEventListener("updatefound", () => follow(registration));
  setInterval(() => void registration.update().catch(() => {}), AGAIN_MS);
}

function follow(registration: ServiceWorkerRegistration): void {
  registration.installing?.addEventListener("statechange", () => found(registration));
}

/** The first worker takes pages over that had none; a later one leaves this page with the old version. */
function watchTakeover(): void {
  let isFirst = navigator.serviceWorker.controller === null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!isFirst) isOutdated = true;
    isFirst = false;
    say();
  });
}

/** The first worker of all takes over by itself; only a page that has one already has something to ask. */
function found(registration: ServiceWorkerRegistration): void {
  waiting = navigator.serviceWorker.controller ? registration.waiting : null;
  say();
}

function say(): void {
  ready.set(isOutdated || waiting !== null);
}

/** Let the new version take over, and load it. */
export function update(): void {
  if (isOutdated) return window.location.reload();
  navigator.serviceWorker.addEventListener("controllerchange", () => window.location.reload(), { once: true });
  waiting?.postMessage({ kind: "take-over" });
}

declare global {
  interface Window {
    trustedTypes?: { createPolicy: (name: string, rules: object) => { createScriptURL: (url: string) => unknown } };
  }
}

function address(): string {
  const policy = window.trustedTypes?.createPolicy("quill-worker", { createScriptURL: () => "/sw.js" });
  return (policy?.createScriptURL("") ?? "/sw.js") as string;
}
