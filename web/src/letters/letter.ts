/** What a letter is here, and how it is asked for: the same for those who write letters and those who get them. */

import { letters, take, takeVersioned } from "../api/client";
import type { components } from "../api/letters";

type Schemas = components["schemas"];

export type LetterSummary = Schemas["LetterSummary"];
export type LetterVersion = Schemas["LetterVersion"];
export type LetterType = Schemas["LetterType"];
export type Section = keyof Schemas["Sections"];
export type Sections = Partial<Record<Section, string>>;

export interface Letter extends LetterSummary {
  /** Markdown, exactly as it was written; so are the sections. */
  body: string;
  sections?: Sections;
}

export const TYPES: readonly (readonly [LetterType, string])[] = [
  ["clinic", "Clinic letter"],
  ["discharge", "Discharge letter"],
  ["referral", "Referral letter"],
  ["results", "Results letter"],
  ["other", "Other letter"],
];

/** "Discharge letter" */
export function formatType(type: LetterType): string {
  return TYPES.find(([name]) => name === type)?.[1] ?? "Letter";
}

/** Headings of the PRSB outpatient letter standard, in the order in which a letter shows them. */
export const HEADINGS: readonly (readonly [Section, string])[] = [
  ["diagnoses", "Diagnoses"],
  ["history", "History"],
  ["concerns", "Concerns, expectations and wishes"],
  ["examination", "Examination findings"],
  ["investigations", "Investigation results"],
  ["procedures", "Procedures"],
  ["summary", "Clinical summary"],
  ["medications", "Medications and medical devices"],
  ["allergies", "Allergies and adverse reactions"],
  ["plan", "Plan and requested actions"],
  ["advice", "Information and advice given"],
];

/** The sections that a letter has, with their headings. */
export function sectionsOf(letter: { sections?: Sections }): { name: Section; heading: string; text: string }[] {
  return HEADINGS.flatMap(([name, heading]) => {
    const text = letter.sections?.[name];
    return text === undefined ? [] : [{ name, heading, text }];
  });
}

const LETTER = "/api/patients/{patient_id}/letters/{uid}";

/** A letter with its ETag; an older version by its number. */
export async function readLetter(patientId: string, uid: string, version?: number): Promise<{ letter: Letter; etag: string }> {
  const params = { path: { patient_id: patientId, uid }, query: { version } };
  const { data, etag } = await takeVersioned(letters.GET(LETTER, { params }));
  return { letter: data as unknown as Letter, etag };
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
