/** Files that the app has in its memory, given to the person. */

const KEPT_MS = 60_000;

/** Shows a file in a tab, which the browser knows how to do for its kind. */
export function showFile(file: Blob, tab: Window): void {
  tab.location.replace(addressOf(file));
}

/** Gives a file to the person, who finds it where their browser keeps downloads. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = addressOf(file);
  link.download = name;
  link.click();
}

/** An address that is good for as long as a browser needs to load it. */
function addressOf(file: Blob): string {
  const address = URL.createObjectURL(file);
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
  return address;
}
