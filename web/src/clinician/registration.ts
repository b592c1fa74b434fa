/** A new patient as FHIR has it. Pure. */

import type { components } from "../api/patients";
import { type Draft, isEmptyDate, updateOf } from "./demographics";
import type { DemographicsUpdate } from "./patient";

export type FhirPatient = components["schemas"]["Patient"];

/** What can be said of a patient at the start, beside what can be corrected later. */
export interface Extras {
  suffix: string;
  formerName: string;
  knownAs: string;
  language: string;
  maritalStatus: string;
  /** Whether born with others: "" is not known. */
  multipleBirth: "" | "no" | "yes";
  generalPractitioner: string;
  practice: string;
  hasDied: boolean;
  died: string;
}

export const NEW_EXTRAS: Extras = {
  suffix: "",
  formerName: "",
  knownAs: "",
  language: "",
  maritalStatus: "",
  multipleBirth: "",
  generalPractitioner: "",
  practice: "",
  hasDied: false,
  died: "",
};

/** FHIR R4 value set marital-status, as far as it is asked for at a desk. */
export const MARITAL_STATUSES = [
  ["", "Not known"],
  ["S", "Never married"],
  ["M", "Married"],
  ["T", "Domestic partner"],
  ["L", "Legally separated"],
  ["D", "Divorced"],
  ["W", "Widowed"],
] as const;

const NHS_NUMBERS = "https://fhir.nhs.uk/Id/nhs-number";
const MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
const EMERGENCY = { system: "http://terminology.hl7.org/CodeSystem/v2-0131", code: "C" };

/** FHIR has neither empty texts nor empty lists: what says nothing is left out. */
export function resourceOf(draft: Draft, extras: Extras): FhirPatient {
  const details = updateOf(draft);
  const { nhs_number: number, birth_date: birthDate } = details;
  return compact({
    resourceType: "Patient" as const,
    active: details.active,
    identifier: some([...(number ? [{ system: NHS_NUMBERS, value: number }] : []), ...details.identifiers]),
    name: some(namesOf(details, extras)),
    telecom: some(details.telecom.map(telecomOf)),
    gender: details.gender,
    birthDate: birthDate ?? undefined,
    address: some(details.addresses.map(addressOf)),
    contact: some(details.emergency_contacts.map(contactOf)),
    ...extrasOf(extras),
  });
}

function extrasOf(extras: Extras): Partial<FhirPatient> {
  const [code, display] = MARITAL_STATUSES.find(([one]) => one === extras.maritalStatus) ?? ["", ""];
  const { language, generalPractitioner, practice, multipleBirth } = extras;
  return {
    maritalStatus: code ? { coding: [{ system: MARITAL, code, display }] } : undefined,
    multipleBirthBoolean: multipleBirth ? multipleBirth === "yes" : undefined,
    communication: language.trim() ? [{ language: { text: language.trim() }, preferred: true }] : undefined,
    generalPractitioner: generalPractitioner.trim() ? [{ display: generalPractitioner.trim() }] : undefined,
    managingOrganization: practice.trim() ? { display: practice.trim() } : undefined,
    ...deathOf(extras),
  };
}

function deathOf({ hasDied, died }: Extras): Partial<FhirPatient> {
  if (!hasDied) return {};
  return isEmptyDate(died) ? { deceasedBoolean: true } : { deceasedDateTime: died };
}

function namesOf({ name }: DemographicsUpdate, { suffix, formerName, knownAs }: Extras): NonNullable<FhirPatient["name"]> {
  const official = compact({
    use: "official" as const,
    family: name.family ?? undefined,
    given: some(name.given ?? []),
    prefix: some(name.prefix ?? []),
    suffix: some(suffix.split(/\s+/).filter(Boolean)),
  });
  const former = formerName.trim() ? [{ use: "old" as const, family: formerName.trim() }] : [];
  const nick = knownAs.trim() ? [{ use: "nickname" as const, given: [knownAs.trim()] }] : [];
  return [official, ...former, ...nick];
}

function telecomOf({ system, value, use }: DemographicsUpdate["telecom"][number]) {
  return compact({ system, value, use: use ?? undefined });
}

function addressOf({ lines = [], city, district, postal_code: postalCode, country, use }: DemographicsUpdate["addresses"][number]) {
  return compact({ use, line: some(lines), city, district, postalCode, country });
}

function contactOf({ name, relationship, telecom = [] }: DemographicsUpdate["emergency_contacts"][number]) {
  return compact({
    name: { text: name },
    relationship: [...(relationship ? [{ text: relationship }] : []), { coding: [EMERGENCY] }],
    telecom: some(telecom.map(telecomOf)),
  });
}

function some<T>(entries: T[]): T[] | undefined {
  return entries.length > 0 ? entries : undefined;
}

function compact<T extends object>(element: T): { [Member in keyof T]: Exclude<T[Member], null> } {
  return Object.fromEntries(Object.entries(element).filter(([, value]) => value !== undefined && value !== null)) as {
    [Member in keyof T]: Exclude<T[Member], null>;
  };
}
