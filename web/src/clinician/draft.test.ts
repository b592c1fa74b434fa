import { expect, test } from "vitest";
import { checkLetter, contentOf, countWords, NEW_LETTER, placeholders, templateOf, withType } from "./draft";

test("a starting text that nobody touched follows the type", () => {
  const draft = { ...NEW_LETTER, body: templateOf("clinic") as string };
  expect(withType(draft, "results").body).toBe(templateOf("results"));
  expect(withType({ ...draft, body: `${draft.body} mine` }, "results").body).toContain("mine");
});

test("places that wait to be filled in are named", () => {
  const draft = { ...NEW_LETTER, body: "Dear [name], see [1] and [date]." };
  expect(placeholders(draft)).toEqual(["[name]", "[date]"]);
});

test("words are what has a letter or a digit in it", () => {
  expect(countWords({ ...NEW_LETTER, body: "# Plan\n\n- **75 mg** of aspirin –\n|---|", sections: { plan: "rest" } })).toBe(6);
});

test("empty sections are not sent, and text stays as it was typed", () => {
  expect(contentOf({ type: "clinic", title: " Visit ", body: " a\t\n", sections: { plan: "x", history: " " } })).toEqual({
    letter_type: "clinic",
    title: "Visit",
    body: " a\t\n",
    sections: { plan: "x" },
  });
});

test("a letter needs a title and a text, which may not be too long", () => {
  expect(Object.keys(checkLetter(NEW_LETTER))).toEqual(["title", "body"]);
  const full = { ...NEW_LETTER, title: "Visit", body: "💊".repeat(60_000), sections: { plan: "x".repeat(40_000) } };
  expect(checkLetter(full)).toEqual({});
  expect(Object.keys(checkLetter({ ...full, sections: { plan: "x".repeat(40_001) } }))).toEqual(["body"]);
});
