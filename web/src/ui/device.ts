/** What kind of device this is, as far as it tells: it decides which instructions come first, and nothing else. */

export type Platform = "apple" | "android" | "mac" | "other";

export function platform(): Platform {
  const { userAgent, maxTouchPoints } = navigator;
  if (/iPhone|iPad|iPod/.test(userAgent)) return "apple";
  // An iPad says that it is a Mac, but Macs have no touch screen.
  if (/Macintosh/.test(userAgent)) return maxTouchPoints > 1 ? "apple" : "mac";
  return /Android/.test(userAgent) ? "android" : "other";
}

/** Whether Quill runs as an app of its own, not in a tab of the browser. */
export function isInstalled(): boolean {
  return window.matchMedia("(display-mode: standalone)").matches || navigatorSaysSo();
}

/** How Safari on iPhone and iPad says it. */
function navigatorSaysSo(): boolean {
  return "standalone" in navigator && navigator.standalone === true;
}
