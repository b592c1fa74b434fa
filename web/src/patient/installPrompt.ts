/** The browser's own offer to install Quill, where it makes one; it may come at any time after the start. */

import { observable } from "../app/observable";

interface InstallPromptEvent extends Event {
  prompt: () => Promise<unknown>;
}

const offer = observable<InstallPromptEvent | null>(null);

export const { get: installOffer, subscribe: subscribeInstallOffer } = offer;

/** Catch the offer whenever it comes, which is before anybody opens the screen that shows it. */
export function watchInstallOffer(): void {
  window.addEventListener("beforeinstallprompt", (event) => offer.set(event as InstallPromptEvent));
  window.addEventListener("appinstalled", () => offer.set(null));
}

/** Let the browser ask; it makes each offer once. */
export function takeInstallOffer(): void {
  void offer.get()?.prompt();
  offer.set(null);
}
