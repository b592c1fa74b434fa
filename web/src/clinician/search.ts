/** What somebody types to find a patient, read as what it looks like: names, an NHS number, a birth date. Pure. */

import { isWholeDate } from "../ui/format";
import { isNhsNumber } from "./nhsNumber";

export interface Criteria {
  q?: string;
  nhs_number?: string;
  birth_date?: string;
}

export interface Search {
  /** Undefined while there is nothing to search for. */
  criteria?: Criteria;
  /** What is wrong with what was typed. */
  error?: string;
}

const NHS_NUMBER = /(?<![\p{L}\d])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\p{L}\d])/u;
const DAY_FIRST = /(?<!\d)(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})(?!\d)/;
const YEAR_FIRST = /(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/;
const IN_WORDS = /(?<!\d)(\d{1,2})(?:st|nd|rd|th)? (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (\d{4})(?!\d)/i;
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
/** A date or number whose end is still to come. */
const BEGUN = /(?<!\S)[\d/.-]+(?!\S)/g;

export function readSearch(text: string): Search {
  const date = dateIn(text);
  const [number] = NHS_NUMBER.exec(date ? text.replace(date.typed, " ") : text) ?? [];
  const rest = [date?.typed, number].reduce<string>((left, typed) => (typed ? left.replace(typed, " ") : left), text);
  const q = rest.replace(BEGUN, " ").trim().replace(/\s+/g, " ");
  const digits = number?.replace(/\D/g, "");
  if (digits && !isNhsNumber(digits)) return { error: "This is not an NHS number: check its digits" };
  if (date && !date.iso) return { error: "There is no such day: check the date" };
  if (!q && !digits && !date) return {};
  return { criteria: { ...(q && { q }), ...(digits && { nhs_number: digits }), ...(date && { birth_date: date.iso }) } };
}

function dateIn(text: string): { typed: string; iso: string } | undefined {
  const named = IN_WORDS.exec(text);
  if (named) return dated(named[0], named[3], String(MONTHS.indexOf((named[2] ?? "").toLowerCase()) + 1), named[1]);
  const iso = YEAR_FIRST.exec(text);
  if (iso) return dated(iso[0], iso[1], iso[2], iso[3]);
  const british = DAY_FIRST.exec(text);
  return british ? dated(british[0], british[3], british[2], british[1]) : undefined;
}

/** `iso` is "" for a day that the calendar does not have. */
function dated(typed: string, year = "", month = "", day = ""): { typed: string; iso: string } {
  const iso = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return { typed, iso: isWholeDate(iso) ? iso : "" };
}
