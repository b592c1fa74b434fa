/** What others did with the patient's record, in words that need no explanation. */

import type { components } from "../api/auth";

export type AccessEntry = components["schemas"]["OwnAuditEntry"];

/** By resource, then by action: read, create, update, delete, execute. */
const DEEDS: Record<string, Partial<Record<AccessEntry["action"], string>>> = {
  letter: { R: "read", C: "wrote", U: "changed or withdrew" },
  demographics: { R: "looked at your personal details", U: "changed your personal details" },
  patient: {
    R: "looked at your personal details",
    C: "registered your record",
    U: "changed your personal details",
    E: "looked up your record",
  },
  export: { R: "downloaded a copy of your record" },
  notification: { E: "sent you a notification", R: "checked a notification to you" },
  "patient-link": {
    C: "made a code to link your record",
    U: "linked your record to an account",
    D: "removed the link between your record and an account",
  },
  audit: { R: "looked at who has used your record" },
};

interface Deed {
  words: string;
  /** The letter it was about, if it was about one. */
  letter?: string;
}

export function deedOf({ resource, action, resource_id }: AccessEntry): Deed {
  const words = DEEDS[resource]?.[action] ?? "used your record";
  if (resource !== "letter") return { words };
  if (resource_id !== null) return { words, letter: resource_id };
  return { words: action === "R" ? "looked at the list of your letters" : `${words} a letter to you` };
}

/** "was refused" or "did not succeed", where it did not go through. */
export function outcomeOf({ outcome }: AccessEntry): string | undefined {
  if (outcome === "denied") return "was refused";
  return outcome === "failed" ? "did not succeed" : undefined;
}
