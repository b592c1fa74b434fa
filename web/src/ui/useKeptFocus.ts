/**
 * What has the focus can go, as a device does whose "Remove" was pressed: then nothing has it, and screen readers begin anew
 * at the top. What is left of the place where it was takes it over.
 */

import { useEffect } from "react";

export function useKeptFocus(): void {
  useEffect(() => {
    let way: HTMLElement[] = [];
    const follow = ({ target }: { target: EventTarget | null }): void => {
      // What lies over the screen, as dialogs do, gives the focus back to it.
      if (target instanceof HTMLElement && target.closest(".page")) way = wayOut(target);
    };
    const observer = new MutationObserver(() => {
      if (document.activeElement === document.body && way[0]?.isConnected === false) takeOver(way);
    });
    follow({ target: document.activeElement });
    document.addEventListener("focusin", follow);
    // The screen behind a dialog is inert until a moment after that has gone.
    observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ["inert"] });
    return () => {
      document.removeEventListener("focusin", follow);
      observer.disconnect();
    };
  }, []);
}

/** An element and all that it is in, up to the screen. */
function wayOut(from: HTMLElement): HTMLElement[] {
  const around = from.matches(".page") ? null : from.parentElement;
  return around ? [from, ...wayOut(around)] : [from];
}

/** The table it was in, the heading of the part that is left, or else that part; nothing where the whole screen has gone. */
function takeOver(way: readonly HTMLElement[]): void {
  const left = way.find((each) => each.isConnected);
  const place = left?.closest("table") ?? left?.querySelector<HTMLElement>("h1, h2") ?? left;
  if (place?.hasAttribute("tabindex") === false) place.tabIndex = -1;
  place?.focus({ preventScroll: true });
}
