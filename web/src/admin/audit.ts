/** The audit trail: how it is asked for, and what its entries are called. */

import { auth, take } from "../api/client";
import type { components } from "../api/auth";
import { startOfDay } from "../ui/format";

export type AuditEntry = components["schemas"]["AuditEntry"];
export type Action = AuditEntry["action"];
export type Outcome = AuditEntry["outcome"];

/** Somebody or some patient that was picked, with the words that the picker shows. */
export interface Choice {
  id: string;
  name: string;
}

export interface Filters {
  actor?: Choice;
  patient?: Choice;
  action?: Action;
  /** Days as ISO writes them, both included. */
  from?: string;
  to?: string;
  /** The server does not know the next two: they pick from what it sent. */
  resource?: string;
  outcome?: Outcome;
}

const PAGE = 100;

export async function readTrail(filters: Filters, cursor: string | undefined) {
  const { actor, patient, action, from, to } = filters;
  const query = {
    user_id: actor?.id,
    patient_id: patient?.id,
    action,
    since: from && startOfDay(from),
    until: to && startOfDay(dayAfter(to)),
    limit: PAGE,
    cursor,
  };
  return take(auth.GET("/api/auth/audit", { params: { query } }));
}

/** What is left of the server's entries once resource and outcome are looked at. */
export function pick(entries: readonly AuditEntry[], { resource, outcome }: Filters): AuditEntry[] {
  return entries.filter(
    (entry) => (!resource || kindOf(entry) === resource) && (!outcome || entry.outcome === outcome),
  );
}

function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

export const RESOURCES: readonly (readonly [string, string])[] = [
  ["letter", "Letter"],
  ["demographics", "Personal details"],
  ["patient", "Patient’s record"],
  ["export", "Copy of a record"],
  ["patient-link", "Link to a record"],
  ["notification", "Notification"],
  ["session", "Session"],
  ["refresh-token", "Session, by a used token"],
  ["password", "Password"],
  ["totp", "Second factor"],
  ["user", "User account"],
  ["webhook", "Webhook"],
  ["audit", "Audit trail"],
];

export const ACTIONS: readonly (readonly [Action, string])[] = [
  ["C", "Create"],
  ["R", "Read"],
  ["U", "Change"],
  ["D", "Delete or end"],
  ["E", "Do, such as signing in"],
];

export const OUTCOMES: readonly (readonly [Outcome, string])[] = [
  ["ok", "Done"],
  ["denied", "Refused"],
  ["failed", "Failed"],
];

const VERBS: Record<Action, string> = { C: "Created", R: "Read", U: "Changed", D: "Deleted", E: "Used" };

/** Where verb and noun would mislead. */
const DEEDS: Record<string, string> = {
  "E session": "Signed in",
  "D session": "Signed out, or ended a session",
  "E refresh-token": "Used a session’s token twice",
  "E notification": "Sent a notification",
  "E patient": "Searched for patients",
  "U patient-link": "Linked a record",
  "C patient-link": "Made a code for a record",
  "D patient-link": "Removed a link to a record",
  "C totp": "Began two-step sign-in",
  "U totp": "Switched two-step sign-in on",
  "D totp": "Switched two-step sign-in off",
  "R export": "Downloaded a copy of a record",
};

/** `user` of `user:+admin,-clinician`. */
function kindOf({ resource }: AuditEntry): string {
  return resource.split(":", 1)[0] ?? resource;
}

/** "Read: letter", "Signed in", "Changed: user account (+admin, disabled)" */
export function deedOf(entry: AuditEntry): string {
  const { action, resource } = entry;
  const kind = kindOf(entry);
  const noun = RESOURCES.find(([name]) => name === kind)?.[1].toLowerCase() ?? kind;
  const changes = resource.slice(kind.length + 1);
  const deed = DEEDS[`${action} ${kind}`] ?? `${VERBS[action]}: ${noun}`;
  return changes ? `${deed} (${changes.replaceAll(",", ", ")})` : deed;
}

export function outcomeName(outcome: Outcome): string {
  return OUTCOMES.find(([value]) => value === outcome)?.[1] ?? outcome;
}
