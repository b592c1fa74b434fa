/** The browser's own offer to install Quill, where it makes one; it may come at any time after the start. */

interface InstallPromptEvent extends Event {
  prompt: () => Promise<unknown>;
}

let offer: InstallPromptEvent | null = null;
const listeners = new Set<() => void>();

export const installOffer = (): InstallPromptEvent | null => offer;

export function subscribeInstallOffer(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: InstallPromptEvent | null): void {
  offer = next;
  for (const listener of listeners) listener();
}

window.addEventListener("beforeinstallprompt", (event) => change(event as InstallPromptEvent));
window.addEventListener("appinstalled", () => change(null));
