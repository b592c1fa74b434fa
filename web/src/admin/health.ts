/** How the services and what they depend on are, and what that means for those who use Quill. */

import { anonymous } from "../api/client";
import { problemFrom } from "../api/problem";

export type Status = "ok" | "degraded" | "down";

export interface Backend {
  status: Status;
  /** Which openEHR server answers. */
  product?: string;
}

export interface Service {
  status: Status;
  backends: Record<string, Backend>;
}

export interface Health {
  status: Status;
  services: Record<string, Service>;
}

/** "Down" is an answer too, although it comes as 503. Asked without the session, which a screen left open would keep alive. */
export async function readHealth(): Promise<Health> {
  const { data, error, response } = await anonymous.GET("/api/health");
  const body = data ?? error;
  if (isHealth(body)) return body;
  throw problemFrom(typeof body === "object" && body !== null ? body : undefined, response);
}

function isHealth(body: unknown): body is Health {
  return typeof body === "object" && body !== null && "services" in body;
}

export const SERVICES: Record<string, string> = {
  auth: "Accounts and sign-in",
  patients: "Patients",
  letters: "Letters",
  notify: "Notifications",
};

export const BACKENDS: Record<string, string> = {
  postgres: "Own database (PostgreSQL)",
  nats: "Messages between services (NATS)",
  fhir: "Patient register (FHIR)",
  openehr: "Clinical record (openEHR)",
};

/** Of a service that is down, for its users. */
const DOWN: Record<string, string> = {
  auth: "Nobody can sign in. Who is signed in can go on for up to a quarter of an hour.",
  patients: "Patients cannot be searched for, registered or changed, and letters cannot be printed.",
  letters: "Letters can be neither read nor written.",
  notify: "No notifications are sent and the inbox is not shown. Nothing is lost: they follow later.",
};

/** Of a backend that is away, whichever service misses it. */
const AWAY: Record<string, string> = {
  nats: "The other services hear of changes later: notifications and the audit trail are delayed. Nothing is lost.",
  fhir: "Patients’ details cannot be shown, registered or changed, and letters cannot be printed. Searching for patients still works, and so do letters of patients already known.",
  openehr: "Letters can be neither read nor written.",
};

/** What users notice of the state of a service. */
export function effectsOf(name: string, { status, backends }: Service): string[] {
  if (status === "ok") return [];
  if (status === "down") return [DOWN[name] ?? "It does not answer."];
  const away = Object.entries(backends).filter(([, backend]) => backend.status !== "ok");
  return away.map(([backend]) => AWAY[backend] ?? "Some of what it does may fail.");
}

export const OVERALL: Record<Status, readonly [title: string, text: string]> = {
  ok: ["Everything works", "All services answer, and so does everything that they depend on."],
  degraded: ["Some things do not work", "A system that Quill depends on does not answer. See below what that means."],
  down: ["A part of Quill is down", "At least one service does not answer. See below what that means."],
};
