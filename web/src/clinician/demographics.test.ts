import { afterEach, expect, test, vi } from "vitest";
import { mergeChanges, plain } from "./changes";
import { check, draftOf, NEW_ADDRESS, NEW_CONTACT, NEW_DRAFT, NEW_TELECOM, updateOf } from "./demographics";
import type { DemographicsUpdate } from "./patient";
import { describeAge } from "./patient";
import { NEW_EXTRAS, resourceOf } from "./registration";

const DETAILS: DemographicsUpdate = {
  active: true,
  name: { prefix: ["Mrs"], given: ["Mary Ann", "Jane"], family: "Hartley" },
  birth_date: "1951-05-14",
  gender: "female",
  nhs_number: "9990000018",
  identifiers: [{ system: "https://hospital.example/numbers", value: "4711" }],
  telecom: [{ system: "phone", value: "0113 496 0000", use: "home" }],
  addresses: [{ lines: ["1 High Street"], city: "Leeds", district: null, postal_code: "LS1 1AA", country: null, use: "home" }],
  emergency_contacts: [{ name: "Tom", relationship: "Son", telecom: [] }],
};

test("a draft that nobody touched says what it was made of", () => {
  expect(updateOf(draftOf(DETAILS), DETAILS)).toEqual(DETAILS);
});

test("what both changed is mine, and what only they changed stays theirs", () => {
  const mine = { ...DETAILS, gender: "other" as const, birth_date: "1951-05-15" };
  const theirs = { ...DETAILS, birth_date: "1951-05-16", telecom: [] };
  expect(mergeChanges(plain(DETAILS), plain(mine), plain(theirs))).toEqual({
    ...DETAILS,
    gender: "other",
    birth_date: "1951-05-15",
    telecom: [],
  });
});

test.each([
  [{ family: " " }, "name.family"],
  [{ family: "Hartley", birth_date: "2150-01-01" }, "birth_date"],
  [{ family: "Hartley", birth_date: "1951-02-30" }, "birth_date"],
  [{ family: "Hartley", nhs_number: "999 000 0019" }, "nhs_number"],
  [{ family: "Hartley", telecom: [{ ...NEW_TELECOM, system: "email" as const, value: "nobody" }] }, "telecom.0.value"],
  [{ family: "Hartley", addresses: [NEW_ADDRESS] }, "addresses.0.lines"],
  [{ family: "Hartley", emergency_contacts: [NEW_CONTACT] }, "emergency_contacts.0.name"],
])("%o is refused at %s", (part, name) => {
  expect(Object.keys(check({ ...NEW_DRAFT, ...part }))).toEqual([name]);
});

afterEach(() => void vi.useRealTimers());

test("a child is born today as soon as the clinic's clock strikes midnight", () => {
  vi.useFakeTimers({ now: new Date("2026-06-30T23:30:00Z") });
  const bornOn = (birth_date: string) => Object.keys(check({ ...NEW_DRAFT, family: "Hartley", birth_date }));
  expect(bornOn("2026-07-01")).toEqual([]);
  expect(bornOn("2026-07-02")).toEqual(["birth_date"]);
});

test("what is known can be corrected, not removed", () => {
  const draft = { ...draftOf(DETAILS), nhs_number: "", birth_date: "--" };
  expect(Object.keys(check(draft, DETAILS))).toEqual(["birth_date", "nhs_number"]);
});

test("a new patient has no empty element", () => {
  const draft = {
    ...NEW_DRAFT,
    family: "Hartley",
    nhs_number: "999 000 0018",
    addresses: [{ ...NEW_ADDRESS, city: "Leeds" }],
    emergency_contacts: [{ ...NEW_CONTACT, name: "Tom" }],
  };
  expect(resourceOf(draft, { ...NEW_EXTRAS, hasDied: true })).toEqual({
    resourceType: "Patient",
    active: true,
    gender: "unknown",
    name: [{ use: "official", family: "Hartley" }],
    identifier: [{ system: "https://fhir.nhs.uk/Id/nhs-number", value: "9990000018" }],
    address: [{ use: "home", city: "Leeds" }],
    contact: [
      {
        name: { text: "Tom" },
        relationship: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v2-0131", code: "C" }] }],
      },
    ],
    deceasedBoolean: true,
  });
});

test.each([
  ["2026-11-20", "7 days"],
  ["2026-10-01", "8 weeks"],
  ["2025-12-28", "10 months"],
  ["2024-11-27", "2 years"],
  ["1951-11-28", "74 years"],
])("somebody born on %s is %s old", (born, age) => {
  expect(describeAge(born, new Date(2026, 10, 27))).toBe(age);
});
