/** What was typed and is not stored yet: leaving the screen, closing the tab or updating the app asks first. */

import { useEffect, useId } from "react";
import { type Blocker, useBlocker } from "react-router";
import { subscribe } from "../session/store";

const screens = new Set<string>();

export const hasUnsavedWork = (): boolean => screens.size > 0;

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
    if (isUnsaved) screens.add(id);
    return () => void screens.delete(id);
  }, [id, isUnsaved]);
  return useBlocker(({ currentLocation, nextLocation }) => isUnsaved && currentLocation.pathname !== nextLocation.pathname);
}
