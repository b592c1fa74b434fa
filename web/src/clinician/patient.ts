/** What a patient is on these screens, and how that is written: names, ages, dates. Pure. */

import type { components } from "../api/patients";
import { age, formatDate } from "../ui/format";

type Schemas = components["schemas"];

export type Demographics = Schemas["Demographics"];
export type DemographicsUpdate = Schemas["DemographicsUpdate"];
export type PatientListed = Schemas["PatientListed"];
export type PersonName = Schemas["Name"];

/** The details, the version they are of, and whether the patient has died. */
export interface Patient {
  demographics: Demographics;
  etag: string;
  /** Since when, as exactly as it is known; "" where only that is known. */
  died?: string;
}

/** "Mrs Margaret Hartley" */
export function formatName({ prefix = [], given = [], family }: PersonName): string {
  return [...prefix, ...given, family].filter(Boolean).join(" ") || "Name not known";
}

const GENDERS: Record<string, string> = { male: "Male", female: "Female", other: "Other", unknown: "Not known" };

export function formatGender(gender: string): string {
  return GENDERS[gender] ?? gender;
}

/** "14 May 1951 (75 years)" */
export function formatBorn(birthDate: string | null, died?: string): string {
  if (birthDate === null) return "Not known";
  return died === undefined ? `${formatDate(birthDate)} (${describeAge(birthDate)})` : formatDate(birthDate);
}

const DAY_MS = 24 * 60 * 60_000;

/** An age as it is said: small children's in days, weeks or months. */
export function describeAge(birthDate: string, on: Date = new Date()): string {
  const years = age(birthDate, on);
  if (years >= 2) return `${years} years`;
  const days = Math.floor((Date.UTC(on.getFullYear(), on.getMonth(), on.getDate()) - Date.parse(birthDate)) / DAY_MS);
  if (days < 14) return days === 1 ? "1 day" : `${days} days`;
  return days < 91 ? `${Math.floor(days / 7)} weeks` : `${months(birthDate, on)} months`;
}

function months(birthDate: string, on: Date): number {
  const [year = 0, month = 1, day = 1] = birthDate.split("-").map(Number);
  return (on.getFullYear() - year) * 12 + on.getMonth() + 1 - month - (on.getDate() < day ? 1 : 0);
}

const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** A FHIR date as exactly as it is known: "2026", "November 2026", "27 November 2026". */
export function formatPartialDate(value: string): string {
  if (value.length === "2026-11".length) return MONTH.format(new Date(value));
  return value.length < "2026-11".length ? value : formatDate(value);
}
