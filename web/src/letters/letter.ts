/** What a letter is here: the same for those who write letters and those who get them. Pure. */

import type { components } from "../api/letters";

type Schemas = components["schemas"];

/** Body and sections are Markdown, exactly as they were written. */
export type Letter = Schemas["Letter"];
export type LetterSummary = Schemas["LetterSummary"];
export type LetterVersion = Schemas["LetterVersion"];
export type LetterType = Schemas["LetterType"];
export type Sections = Schemas["Sections"];
export type Section = keyof Sections;

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

/** Whether the patient's first reading was of an older version: later ones are not told. */
export function isChangedSinceRead({ read_at, amended_at }: LetterSummary): boolean {
  return read_at !== null && amended_at !== null && Date.parse(read_at) < Date.parse(amended_at);
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
    return typeof text === "string" ? [{ name, heading, text }] : [];
  });
}
