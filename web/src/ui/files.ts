/** Files that the app has in its memory, given to the person. */

import { subscribe } from "../session/store";

const KEPT_MS = 60_000;

/** Shows a file in a tab, which the browser knows how to do for its kind, and can save it there until the session ends. */
export function showFile(file: Blob, tab: Window): void {
  const address = URL.createObjectURL(file);
  tab.location.replace(address);
  subscribe(({ status }) => {
    if (status === "out") URL.revokeObjectURL(address);
  });
}

/** Gives a file to the person, who finds it where their browser keeps downloads. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
