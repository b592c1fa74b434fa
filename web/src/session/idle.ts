/**
 * Keeps a session alive while somebody works, typing a long letter for example, and covers the screen of staff who have
 * left: the server ends such a session after half an hour of silence. Use of one tab counts for all of a browser.
 */

import { observable } from "../app/observable";
import { endUnused, renewOrAsk } from "./session";
import { getState, type Session, type State, subscribe } from "./store";

const CHECK_MS = 15_000;
const TELL_MS = 5_000;
const EARLY_MS = 60_000;
const STAFF_PAUSE_MS = 2 * 60_000;
const STAFF_WARN_MS = 28 * 60_000;
const STAFF_IDLE_MS = 30 * 60_000;

/** By keys, mouse, finger and wheel; by voice and other means as well. */
const USES = ["keydown", "pointerdown", "wheel", "input", "focusin"];

const channel = new BroadcastChannel("quill-use");
const warned = observable(false);
/** Whether the screen is about to be covered, and asks whether somebody is there (WCAG 2.2.1). */
export const { get: isWarned, subscribe: subscribeWarned } = warned;

let lastUse = Date.now();
let lastTold = 0;

/** Follow what the person does, and act on it every quarter of a minute. */
export function watchUse(): void {
  for (const event of USES) window.addEventListener(event, use, { passive: true, capture: true });
  channel.addEventListener("message", ({ data }: MessageEvent<number>) => countUse(data));
  subscribe((state, before) => {
    if (state.status === "in" && state.session.csrfToken !== csrfOf(before)) lastUse = Date.now(); // a sign-in
    guard();
  });
  setInterval(check, CHECK_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
}

function csrfOf(state: State): string | undefined {
  return "session" in state ? state.session.csrfToken : undefined;
}

/** What opens the question moves the focus, which answers nothing: only `stay` does. */
function use(): void {
  if (getState().status === "in" && !isWarned()) stay();
}

/** Somebody is there, as all tabs hear. */
export function stay(): void {
  countUse(Date.now());
  if (getState().status !== "in" || lastUse - lastTold < TELL_MS) return;
  lastTold = lastUse;
  channel.postMessage(lastUse);
}

/** Whoever comes too late finds the screen covered first. */
function countUse(at: number): void {
  guard();
  lastUse = Math.max(lastUse, at);
  guard();
}

function check(): void {
  guard();
  const state = getState();
  if (state.status === "in" && isRenewalDue(state.session)) renewOrAsk(state.session).catch(() => {});
}

/** Warn staff who do nothing, and then cover their screen. */
function guard(): void {
  const silence = Date.now() - lastUse;
  const isWatched = isStaffIn();
  warned.set(isWatched && silence > STAFF_WARN_MS && silence <= STAFF_IDLE_MS);
  if (isWatched && silence > STAFF_IDLE_MS) endUnused();
}

function isStaffIn(): boolean {
  const state = getState();
  return state.status === "in" && state.session.user.roles.some((role) => role !== "patient");
}

/** Before the tokens run out; and when staff pause, since the server, which counts from here, must not end before us. */
function isRenewalDue({ expiresAt, since }: Session): boolean {
  const silence = Date.now() - lastUse;
  const isBehind = isStaffIn() && lastUse > since && silence > STAFF_PAUSE_MS;
  return isBehind || (expiresAt - Date.now() < EARLY_MS && silence < 5 * EARLY_MS);
}
