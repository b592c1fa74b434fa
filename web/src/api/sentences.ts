/** What people read when a request fails: our words for each type of problem, never the server's. */

import { Problem } from "./problem";

const SENTENCES: Record<string, string> = {
  offline: "Quill cannot be reached. Check your connection; nothing that you typed is lost.",
  "account-taken": "This user name or e-mail address cannot be used. Choose another, or sign in.",
  "activation-refused": "This activation code does not work. It may have been used, or be older than 72 hours: ask your administrator for a new one.",
  "backend-unavailable": "A system that Quill needs does not answer at the moment. Try again in a moment.",
  "being-worked-on": "Your first attempt is still being worked on. Try again in a moment.",
  "code-refused": "This code does not work. Wait for the next one and enter that.",
  conflict: "This contradicts what is stored already. Load it again before you go on.",
  "credentials-refused": "The user name or the password is wrong. If you have forgotten them, ask your clinic or your administrator.",
  csrf: "Your browser could not show that this came from Quill. Reload the page and try again.",
  forbidden: "Your account may not do this.",
  "idempotency-key-reused": "This was sent before with another text. Send it once more.",
  internal: "Something went wrong on our side. Try once more; if it fails again, tell your administrator.",
  invalid: "Something here is missing or not valid. Check what is marked.",
  "keys-unavailable": "Your sign-in cannot be checked at the moment. Try again in a moment.",
  "last-admin": "This is the last administrator: make somebody else an administrator first.",
  "letter-refused": "The record system does not accept this letter. Change its text and send it again.",
  "letter-withdrawn": "This letter was withdrawn. It can be read, but not changed.",
  "link-refused": "This code and birth date do not open a record. Check both; if it stays so, ask the clinic for a new code.",
  "nhs-number-taken": "Another patient is registered with this NHS number.",
  "no-password": "You sign in with your organisation’s account, so there is no password or second factor to change here.",
  "not-found": "There is nothing here for you. It may not exist, or not be yours to see.",
  "outcome-unknown": "We do not know yet whether this was stored. Send it again: it will not be stored twice.",
  "own-roles": "Nobody changes their own roles. Ask another administrator.",
  "password-refused": "The password was not accepted. The reason is given at its field.",
  "patient-inactive": "This patient’s record is inactive, so no new letters can be written into it.",
  "patient-refused": "The record system does not accept these details. Check for unusual values.",
  "printer-unavailable": "The letter could not be printed in time. It can still be read here.",
  "push-unavailable": "Your browser could not reach its own notification service. Try again later; some browsers and networks do not allow it at all.",
  "record-unreadable": "This record could not be read safely. Tell your administrator.",
  "request-timeout": "Sending took too long. Try again.",
  "roles-of-provider": "The roles of this account come from your organisation’s sign-in. Change them there.",
  "second-factor-refused": "This code does not work, or the sign-in took too long. Enter the next code, or start again.",
  "session-ended": "Your session has ended. Sign in again.",
  "sign-in-busy": "Many people are signing in right now. Try again in a moment.",
  "storage-unavailable": "Quill cannot store anything at the moment. Try again in a moment.",
  "too-large": "This is too long to be sent.",
  "too-many-devices": "Ten devices are registered already. Remove one first.",
  "too-many-webhooks": "Twenty webhooks are registered already. Remove one first.",
  "totp-absent": "Two-step sign-in is not switched on.",
  "totp-active": "Two-step sign-in is switched on already.",
  "totp-enrolment-required": "Your role needs two-step sign-in. Switch it on first.",
  "totp-needed": "Your role needs two-step sign-in, so it cannot be switched off.",
  unauthenticated: "Sign in first.",
  "version-missing": "This was changed from an unknown version. Load it again.",
  "version-stale": "Somebody else changed this since you opened it.",
};

/** One or two sentences for the person who tried. */
export function sentence(error: unknown): string {
  if (!(error instanceof Problem)) return SENTENCES.internal as string;
  if (error.type === "too-many-requests") return tooMany(error.details.retryAfter);
  return SENTENCES[error.type] ?? (error.status >= 500 ? SENTENCES["backend-unavailable"] : SENTENCES.internal) ?? "";
}

function tooMany(seconds = 60): string {
  const time = seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return `Too many attempts. Wait ${time} before you try again: until then even the right answer is refused.`;
}

/**
 * What a 422 says of the members of the body, by their dotted path, in words for a field's error message. An entry of a list
 * of words belongs to the field that holds them all: "name.given.0" is told at "name.given".
 */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  const entries = (error.details.errors ?? []).map(({ loc, msg }) => [loc.slice(1).join(".").replace(/\.\d+$/, ""), worded(msg)]);
  return Object.fromEntries(entries);
}

function worded(msg: string): string {
  const text = msg.replace(/^Value error, /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
