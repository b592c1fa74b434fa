/** Requests that make something new, whose answer did not come. */

import { Problem } from "./problem";

const TYPES = new Set(["offline", "outcome-unknown", "being-worked-on", "request-timeout"]);

/**
 * Whether what was sent may have been stored all the same. The only safe thing is then to send the same again, with the
 * same Idempotency-Key: so the screen holds on to what was sent.
 */
export function isUncertain(error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  return TYPES.has(error.type) || (error.status >= 500 && error.status !== 503);
}
