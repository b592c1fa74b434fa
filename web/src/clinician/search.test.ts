import { expect, test } from "vitest";
import { readSearch } from "./search";

test.each([
  ["hart marg", { q: "hart marg" }],
  ["999 000 0018", { nhs_number: "9990000018" }],
  ["9990000018", { nhs_number: "9990000018" }],
  ["14/5/1951", { birth_date: "1951-05-14" }],
  ["1951-05-14", { birth_date: "1951-05-14" }],
  ["hartley 14 May 1951", { q: "hartley", birth_date: "1951-05-14" }],
  ["o'brien 1.2.1960 999-000-0018", { q: "o'brien", birth_date: "1960-02-01", nhs_number: "9990000018" }],
  ["test-8f3a", { q: "test-8f3a" }],
  ["Family0753373250b8", { q: "Family0753373250b8" }],
])("%s is read as %o", (text, criteria) => {
  expect(readSearch(text)).toEqual({ criteria });
});

test.each(["", "  ", "999", "14/5", "14/5/19"])("%o is not searched for yet", (text) => {
  expect(readSearch(text)).toEqual({});
});

test.each(["999 000 0019", "31/2/1951"])("%s is said to be wrong", (text) => {
  expect(readSearch(text).error).toBeTruthy();
  expect(readSearch(text).criteria).toBeUndefined();
});
