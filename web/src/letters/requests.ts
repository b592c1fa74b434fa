/** How letters are asked for, and where the answers stand in the query cache. */

import { letters, take, takeVersioned } from "../api/client";
import type { Letter } from "./letter";

const LETTER = "/api/patients/{patient_id}/letters/{uid}";

/** A letter with its ETag; an older version by its number. */
export async function readLetter(patientId: string, uid: string, version?: number): Promise<{ letter: Letter; etag: string }> {
  const params = { path: { patient_id: patientId, uid }, query: { version } };
  const { data, etag } = await takeVersioned(letters.GET(LETTER, { params }));
  return { letter: data, etag };
}

/** A page of what is known of a letter's versions, newest first. */
export async function readVersions(patientId: string, uid: string, cursor?: string) {
  const params = { path: { patient_id: patientId, uid }, query: { cursor, limit: 100 } };
  return take(letters.GET(`${LETTER}/versions`, { params }));
}

/** A page of a patient's letters, newest first. */
export async function readLetters(patientId: string, cursor?: string) {
  const params = { path: { patient_id: patientId }, query: { cursor, limit: 100 } };
  return take(letters.GET("/api/patients/{patient_id}/letters", { params }));
}

/** Keys under which the answers stand in the query cache. */
export const letterKeys = {
  all: (patientId: string) => ["letters", patientId] as const,
  list: (patientId: string) => ["letters", patientId, "list"] as const,
  one: (patientId: string, uid: string) => ["letters", patientId, uid] as const,
  version: (patientId: string, uid: string, version: number) => ["letters", patientId, uid, "version", version] as const,
  versions: (patientId: string, uid: string) => ["letters", patientId, uid, "versions"] as const,
};
