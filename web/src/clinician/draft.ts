/** A letter while it is written: its texts, what they are started with, and what must be so before it is sent. Pure. */

import { HEADINGS, type Letter, type LetterType, type Section, sectionsOf } from "../letters/letter";

export const MOST_CHARACTERS = 100_000;
export const LONGEST_LINE = 300;

export interface LetterDraft {
  type: LetterType;
  title: string;
  body: string;
  /** In the order in which they stand in the letter; an empty one is there to be filled in. */
  sections: Partial<Record<Section, string>>;
}

export const NEW_LETTER: LetterDraft = { type: "clinic", title: "", body: "", sections: {} };

const TEMPLATES: Partial<Record<LetterType, string>> = {
  clinic: `Dear [name],

It was good to see you in clinic on [date].

**What we found**

[findings in plain words]

**What happens next**

- [next step]

If you have questions, call us on [number].

Yours sincerely,

[your name and role]`,
  discharge: `Dear [name],

You were in our care from [date] to [date].

**Why you were in hospital**

[reason in plain words]

**What we did**

[treatment]

**Your medicines**

| Medicine | Dose | When | Changed? |
|---|---|---|---|
| [name] | [dose] | [times] | [new, changed or as before] |

**What happens next**

- [follow-up]

**Get help at once if** [warning signs].

Yours sincerely,

[your name and role]`,
  referral: `Dear colleague,

Thank you for seeing [name], who has [problem].

**Reason for referral**

[question to be answered]

**History**

[relevant history]

**Medicines and allergies**

[list]

**What the patient knows and wishes**

[wishes]

Yours sincerely,

[your name and role]`,
  results: `Dear [name],

Here are the results of your [test] of [date].

**What they show**

[result in plain words]

**What this means for you**

[meaning]

**What happens next**

- [next step, or that nothing needs to be done]

Yours sincerely,

[your name and role]`,
};

/** The text that a letter of this type can be started with. */
export function templateOf(type: LetterType): string | undefined {
  return TEMPLATES[type];
}

/** Another type; a starting text that nobody has touched becomes that type's. */
export function withType(draft: LetterDraft, type: LetterType): LetterDraft {
  const isUntouched = draft.body !== "" && draft.body === TEMPLATES[draft.type];
  return { ...draft, type, body: isUntouched ? (TEMPLATES[type] ?? "") : draft.body };
}

export function letterDraftOf(letter: Letter): LetterDraft {
  const { letter_type: type, title, body } = letter;
  return { type, title, body, sections: byName(sectionsOf(letter)) };
}

function byName(sections: ReturnType<typeof sectionsOf>): LetterDraft["sections"] {
  const texts: LetterDraft["sections"] = {};
  for (const { name, text } of sections) texts[name] = text;
  return texts;
}

/** What is sent: sections without a text are left out, all else stays as it was typed. */
export function contentOf(draft: LetterDraft) {
  const { type: letter_type, title, body } = draft;
  const filled = sectionsOf(draft).filter(({ text }) => text.trim());
  return { letter_type, title: title.trim(), body, sections: byName(filled) };
}

export function unusedSections(draft: LetterDraft): readonly (readonly [Section, string])[] {
  return HEADINGS.filter(([name]) => draft.sections[name] === undefined);
}

const textsOf = ({ body, sections }: LetterDraft): string[] => [body, ...Object.values(sections)];

export function countWords(draft: LetterDraft): number {
  return textsOf(draft).reduce((sum, text) => sum + (text.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0), 0);
}

/** In characters as people count them, like the server. */
export function countCharacters(draft: LetterDraft): number {
  return textsOf(draft).reduce((sum, text) => sum + [...text].length, 0);
}

/** Places of a starting text that still wait to be filled in. */
export function placeholders(draft: LetterDraft): string[] {
  const known = new Set(Object.values(TEMPLATES).flatMap((text) => text.match(/\[[^\]]+\]/g) ?? []));
  return [...known].filter((one) => textsOf(draft).some((text) => text.includes(one)));
}

export function checkLetter(draft: LetterDraft): Record<string, string> {
  const found = [
    ["title", draft.title.trim() ? "" : "Enter a title"],
    ["body", draft.body.trim() ? "" : "Write the letter"],
    ["body", countCharacters(draft) > MOST_CHARACTERS ? "The letter is too long: at most 100,000 characters in all" : ""],
  ] as [string, string][];
  return Object.fromEntries(found.filter(([, text]) => text));
}
