/** Details of a patient while they are edited: texts as they stand in fields, and back into what the server takes. Pure. */

import { isWholeDate } from "../ui/format";
import { isNhsNumber } from "./nhsNumber";
import type { DemographicsUpdate } from "./patient";

export type Gender = DemographicsUpdate["gender"];
type TelecomSystem = DemographicsUpdate["telecom"][number]["system"];
type TelecomUse = NonNullable<DemographicsUpdate["telecom"][number]["use"]>;
type AddressUse = NonNullable<DemographicsUpdate["addresses"][number]["use"]>;

export interface TelecomDraft {
  system: TelecomSystem;
  value: string;
  use: TelecomUse | "";
}

interface AddressDraft {
  lines: string;
  city: string;
  district: string;
  postal_code: string;
  country: string;
  use: AddressUse | "";
}

interface ContactDraft {
  name: string;
  relationship: string;
  telecom: TelecomDraft[];
}

export interface Draft {
  prefix: string;
  given: string;
  family: string;
  birth_date: string;
  gender: Gender;
  nhs_number: string;
  active: boolean;
  identifiers: { system: string; value: string }[];
  telecom: TelecomDraft[];
  addresses: AddressDraft[];
  emergency_contacts: ContactDraft[];
}

export const NEW_TELECOM: TelecomDraft = { system: "phone", value: "", use: "" };
export const NEW_ADDRESS: AddressDraft = { lines: "", city: "", district: "", postal_code: "", country: "", use: "home" };
export const NEW_CONTACT: ContactDraft = { name: "", relationship: "", telecom: [NEW_TELECOM] };
export const NEW_IDENTIFIER = { system: "", value: "" };

export const NEW_DRAFT: Draft = {
  prefix: "",
  given: "",
  family: "",
  birth_date: "",
  gender: "unknown",
  nhs_number: "",
  active: true,
  identifiers: [],
  telecom: [],
  addresses: [],
  emergency_contacts: [],
};

export function draftOf(details: DemographicsUpdate): Draft {
  const { name, telecom, addresses, emergency_contacts: contacts } = details;
  return {
    prefix: (name.prefix ?? []).join(" "),
    given: (name.given ?? []).join(" "),
    family: name.family ?? "",
    birth_date: details.birth_date ?? "",
    gender: details.gender,
    nhs_number: details.nhs_number ?? "",
    active: details.active,
    identifiers: details.identifiers.map(({ system, value }) => ({ system, value })),
    telecom: telecom.map(telecomDraft),
    addresses: addresses.map((address) => ({
      lines: (address.lines ?? []).join("\n"),
      city: address.city ?? "",
      district: address.district ?? "",
      postal_code: address.postal_code ?? "",
      country: address.country ?? "",
      use: address.use ?? "",
    })),
    emergency_contacts: contacts.map((contact) => ({
      name: contact.name,
      relationship: contact.relationship ?? "",
      telecom: (contact.telecom ?? []).map(telecomDraft),
    })),
  };
}

function telecomDraft({ system, value, use }: DemographicsUpdate["telecom"][number]): TelecomDraft {
  return { system, value, use: use ?? "" };
}

/**
 * What a draft says, in the server's shape.
 *
 * @param before the details that the draft was made of: names that nobody touched stay divided as they were.
 */
export function updateOf(draft: Draft, before?: DemographicsUpdate): DemographicsUpdate {
  return {
    active: draft.active,
    name: {
      prefix: words(draft.prefix, before?.name.prefix),
      given: words(draft.given, before?.name.given),
      family: orNull(draft.family),
    },
    birth_date: isEmptyDate(draft.birth_date) ? null : draft.birth_date,
    gender: draft.gender,
    nhs_number: orNull(bareNumber(draft.nhs_number)),
    identifiers: draft.identifiers.map(({ system, value }) => ({ system: system.trim(), value: value.trim() })),
    telecom: draft.telecom.map(telecomOf),
    addresses: draft.addresses.map(addressOf),
    emergency_contacts: draft.emergency_contacts.map(({ name, relationship, telecom }) => ({
      name: name.trim(),
      relationship: orNull(relationship),
      telecom: telecom.filter((one) => one.value.trim()).map(telecomOf),
    })),
  };
}

const orNull = (text: string): string | null => text.trim() || null;
const bareNumber = (text: string): string => text.replace(/[\s-]/g, "");

/** Whether nothing was typed into any part of a date field. */
export const isEmptyDate = (value: string): boolean => /^-*$/.test(value);

function words(text: string, before: string[] = []): string[] {
  return text === before.join(" ") ? before : text.split(/\s+/).filter(Boolean);
}

function telecomOf({ system, value, use }: TelecomDraft): DemographicsUpdate["telecom"][number] {
  return { system, value: value.trim(), use: use || null };
}

function addressOf({ lines, use, ...parts }: AddressDraft): DemographicsUpdate["addresses"][number] {
  return {
    lines: lines.split("\n").map((line) => line.trim()).filter(Boolean),
    city: orNull(parts.city),
    district: orNull(parts.district),
    postal_code: orNull(parts.postal_code),
    country: orNull(parts.country),
    use: use || null,
  };
}

export type Errors = Record<string, string>;

/** What is to be put right before a draft can be sent, by the names of the fields. */
export function check(draft: Draft, before?: DemographicsUpdate): Errors {
  const found = [
    ["name.family", draft.family.trim() || draft.given.trim() ? "" : "Enter the family name"],
    ["birth_date", checkBirthDate(draft.birth_date, Boolean(before?.birth_date))],
    ["nhs_number", checkNhsNumber(draft.nhs_number, Boolean(before?.nhs_number))],
    ...checkTelecom(draft.telecom, "telecom"),
    ...draft.addresses.map((one, at) => [`addresses.${at}.lines`, isEmptyAddress(one) ? "Enter the address, or remove it" : ""]),
    ...draft.emergency_contacts.flatMap((one, at) => [
      [`emergency_contacts.${at}.name`, one.name.trim() ? "" : "Enter the contact’s name, or remove the contact"],
      ...checkTelecom(one.telecom, `emergency_contacts.${at}.telecom`).filter((_, place) => one.telecom[place]?.value.trim()),
    ]),
    ...draft.identifiers.flatMap((one, at) => checkIdentifier(one, `identifiers.${at}`)),
  ] as [string, string][];
  return Object.fromEntries(found.filter(([, text]) => text));
}

/** The errors that can be told while somebody types: of fields that are filled in completely. */
export function early(draft: Draft, errors: Errors): Errors {
  const { birth_date: date, nhs_number: number } = errors;
  return {
    ...(date && isWholeLength(draft.birth_date) && { birth_date: date }),
    ...(number && bareNumber(draft.nhs_number).length >= 10 && { nhs_number: number }),
  };
}

const isWholeLength = (date: string): boolean => /^\d{4}-\d\d-\d\d$/.test(date);

const LONGEST_LIFE_MS = 130 * 366 * 24 * 60 * 60_000;

function checkBirthDate(value: string, isKnown: boolean): string {
  if (isEmptyDate(value)) return isKnown ? "The birth date can be corrected, not removed" : "";
  if (!isWholeDate(value)) return "Enter the birth date as day, month and year, such as 27 3 1964";
  if (isFuture(value)) return "The birth date is in the future";
  return Date.parse(value) < Date.now() - LONGEST_LIFE_MS ? "The birth date is more than 130 years ago" : "";
}

/** As ISO writes a day, by the clinic's clock: in summer it begins an hour before that of UTC. */
const DAY = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/London" });

export const isFuture = (day: string): boolean => day > DAY.format(new Date());

function checkNhsNumber(value: string, isKnown: boolean): string {
  const digits = bareNumber(value);
  if (!digits) return isKnown ? "The NHS number can be corrected, not removed" : "";
  if (!/^\d{10}$/.test(digits)) return "An NHS number has 10 digits, such as 999 000 0018";
  return isNhsNumber(digits) ? "" : "This is not an NHS number: check its digits";
}

function checkTelecom(entries: TelecomDraft[], name: string): [string, string][] {
  return entries.map(({ system, value }, at) => [`${name}.${at}.value`, checkReach(system, value.trim())]);
}

function checkReach(system: TelecomSystem, value: string): string {
  if (!value) return "Enter the number or address, or remove the entry";
  return system === "email" && !/^\S+@\S+\.\S+$/.test(value) ? "Enter an e-mail address, such as name@example.org" : "";
}

const isEmptyAddress = ({ use: _, ...parts }: AddressDraft): boolean => Object.values(parts).every((text) => !text.trim());

function checkIdentifier({ system, value }: { system: string; value: string }, name: string): [string, string][] {
  const isUri = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(system.trim());
  return [
    [`${name}.system`, isUri ? "" : "Enter whose number it is as an address, such as https://hospital.example/numbers"],
    [`${name}.value`, value.trim() ? "" : "Enter the number, or remove the entry"],
  ];
}
