/** Two people have changed one patient's details: what differs, in words, and mine put onto theirs. Pure. */

import { formatDate, formatNhsNumber } from "../ui/format";
import { draftOf, updateOf } from "./demographics";
import { type DemographicsUpdate, formatGender, formatName } from "./patient";

type Member = keyof DemographicsUpdate;

export const MEMBERS: readonly (readonly [Member, string])[] = [
  ["name", "Name"],
  ["birth_date", "Birth date"],
  ["gender", "Gender"],
  ["nhs_number", "NHS number"],
  ["active", "Record"],
  ["telecom", "Phone and e-mail"],
  ["addresses", "Addresses"],
  ["emergency_contacts", "Emergency contacts"],
  ["identifiers", "Other numbers"],
];

/** The details alone, in the form in which they can be compared. */
export function plain(details: DemographicsUpdate): DemographicsUpdate {
  return updateOf(draftOf(details), details);
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Theirs, with each member that I have changed from what I had read. All three are `plain`. */
export function mergeChanges(read: DemographicsUpdate, mine: DemographicsUpdate, theirs: DemographicsUpdate): DemographicsUpdate {
  const changed = MEMBERS.filter(([member]) => !isSame(read[member], mine[member])).map(([member]) => [member, mine[member]]);
  return { ...theirs, ...Object.fromEntries(changed) };
}

/** What a member says, a line for each entry. */
export function describe(details: DemographicsUpdate, member: Member): string[] {
  switch (member) {
    case "name":
      return [formatName(details.name)];
    case "birth_date":
      return details.birth_date ? [formatDate(details.birth_date)] : [];
    case "gender":
      return [formatGender(details.gender)];
    case "nhs_number":
      return details.nhs_number ? [formatNhsNumber(details.nhs_number)] : [];
    case "active":
      return [details.active ? "Active" : "Inactive"];
    case "telecom":
      return details.telecom.map(describeTelecom);
    case "addresses":
      return details.addresses.map(describeAddress);
    case "emergency_contacts":
      return details.emergency_contacts.map(describeContact);
    case "identifiers":
      return details.identifiers.map(({ system, value }) => `${value} (${system})`);
  }
}

export const TELECOM_SYSTEMS = [
  ["phone", "Phone"],
  ["email", "E-mail"],
  ["sms", "Text messages"],
  ["fax", "Fax"],
  ["pager", "Pager"],
  ["url", "Web address"],
  ["other", "Other"],
] as const;

export const TELECOM_USES = [
  ["", "Not said"],
  ["home", "Home"],
  ["mobile", "Mobile"],
  ["work", "Work"],
  ["temp", "Temporary"],
  ["old", "No longer used"],
] as const;

export const ADDRESS_USES = [
  ["home", "Home"],
  ["work", "Work"],
  ["billing", "Billing"],
  ["temp", "Temporary"],
  ["old", "No longer used"],
  ["", "Not said"],
] as const;

const named = (names: readonly (readonly [string, string])[], key: string): string =>
  names.find(([name]) => name === key)?.[1] ?? key;

function describeTelecom({ system, value, use }: DemographicsUpdate["telecom"][number]): string {
  return `${value} (${named(TELECOM_SYSTEMS, system)}${use ? `, ${named(TELECOM_USES, use).toLowerCase()}` : ""})`;
}

function describeAddress({ lines = [], use, ...address }: DemographicsUpdate["addresses"][number]): string {
  const parts = [...lines, address.city, address.district, address.postal_code, address.country];
  return `${parts.filter(Boolean).join(", ")}${use ? ` (${named(ADDRESS_USES, use).toLowerCase()})` : ""}`;
}

function describeContact({ name, relationship, telecom = [] }: DemographicsUpdate["emergency_contacts"][number]): string {
  return [relationship ? `${name} (${relationship})` : name, ...telecom.map(describeTelecom)].join(", ");
}
