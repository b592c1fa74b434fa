/**
 * Keeps a session alive while somebody works, typing a long letter for example, and covers the screen of staff who have
 * left: the server ends such a session after half an hour of silence.
 */

import { expire, renewOrAsk } from "./session";
import { getState } from "./store";

const CHECK_MS = 15_000;
const EARLY_MS = 60_000;
const STAFF_IDLE_MS = 30 * 60_000;

let lastUse = Date.now();

/** Follow what the person does, and act on it every quarter of a minute. */
export function watchUse(): void {
  for (const event of ["keydown", "pointerdown", "wheel"]) {
    window.addEventListener(event, () => (lastUse = Date.now()), { passive: true, capture: true });
  }
  setInterval(check, CHECK_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
}

function check(): void {
  const state = getState();
  if (state.status !== "in") return;
  const { session } = state;
  const isStaff = session.user.roles.some((role) => role !== "patient");
  const silence = Date.now() - lastUse;
  if (isStaff && silence > STAFF_IDLE_MS) expire();
  else if (session.expiresAt - Date.now() < EARLY_MS && silence < 5 * EARLY_MS) renewOrAsk(session).catch(() => {});
}
