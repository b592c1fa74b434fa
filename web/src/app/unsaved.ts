/** What was typed and is not stored yet: leaving the screen, closing the tab or updating the app asks first. */

import { useEffect, useId } from "react";
import { type Blocker, useBlocker } from "react-router";
import { subscribe } from "../session/store";

/** Held, shared, for each screen of any tab that has something unsaved. */
const LOCK = "quill-unsaved";

const screens = new Set<string>();

/** Whether this tab has something unsaved. */
export const hasUnsavedWork = (): boolean => screens.size > 0;

/** Whether any tab of this browser has: all of them lose it when somebody signs out. */
export async function isUnsavedAnywhere(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return hasUnsavedWork() || held.some(({ name }) => name === LOCK);
}

/** Holds the lock; the returned function releases it. */
function hold(): () => void {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  void navigator.locks.request(LOCK, { mode: "shared" }, () => released);
  return release;
}

window.addEventListener("beforeunload", (event) => {
  if (hasUnsavedWork()) event.preventDefault();
});

/** Whose text it is has gone, or has said that it may be lost. */
export const forgetUnsaved = (): void => screens.clear();

subscribe((state) => {
  if (state.status === "out") forgetUnsaved();
});

/** While `isUnsaved`, going elsewhere is held up: `state` of the blocker is then "blocked". See ui/LeaveWarning. */
export function useUnsaved(isUnsaved: boolean): Blocker {
  const id = useId();
  useEffect(() => {
    if (!isUnsaved) return;
    screens.add(id);
    const release = hold();
    return () => {
      screens.delete(id);
      release();
    };
  }, [id, isUnsaved]);
  return useBlocker(({ currentLocation, nextLocation }) => isUnsaved && currentLocation.pathname !== nextLocation.pathname);
}
