/** The texts of a letter beside what becomes of them. */

import { useDeferredValue, useId, useState } from "react";
import { HEADINGS, type Section, TYPES } from "../letters/letter";
import { LetterText } from "../letters/LetterText";
import { Button } from "../ui/Button";
import { Select, TextArea, TextField } from "../ui/fields";
import {
  countCharacters,
  countWords,
  type LetterDraft,
  LONGEST_LINE,
  MOST_CHARACTERS,
  templateOf,
  unusedSections,
  withType,
} from "./draft";
import "./letterEditor.css";

interface Props {
  draft: LetterDraft;
  set: (draft: LetterDraft) => void;
  errors: Record<string, string>;
  /** Whether nothing may be changed, because it may have been sent. */
  isHeld: boolean;
}

export function LetterEditor({ draft, set, errors, isHeld }: Props) {
  return (
    <div className="editor">
      <div className="form">
        <Select
          label="Type of letter"
          size="medium"
          isDisabled={isHeld}
          value={draft.type}
          onChange={(type) => set(withType(draft, type))}
          options={TYPES}
        />
        <TextField
          label="Title"
          hint="What the patient sees in the list, such as “Your blood test results”"
          name="title"
          maxLength={LONGEST_LINE}
          isReadOnly={isHeld}
          error={errors.title}
          value={draft.title}
          onChange={(title) => set({ ...draft, title })}
        />
        <Body draft={draft} set={set} errors={errors} isHeld={isHeld} />
        <SectionFields draft={draft} set={set} isHeld={isHeld} />
      </div>
      <Preview draft={draft} />
    </div>
  );
}

function Body({ draft, set, errors, isHeld }: Props) {
  const template = templateOf(draft.type);
  return (
    <>
      <TextArea
        label="Letter"
        name="body"
        rows={16}
        isReadOnly={isHeld}
        error={errors.body}
        value={draft.body}
        onChange={(body) => set({ ...draft, body })}
      />
      <div className="editor-below">
        <Count draft={draft} />
        {template && draft.body === "" && !isHeld && (
          <Button kind="quiet" onPress={() => set({ ...draft, body: template })}>
            Start with a template
          </Button>
        )}
      </div>
      <details className="editor-help">
        <summary>How to format</summary>
        <p>
          A new line stays a new line, an empty one starts a paragraph. <code>**bold**</code>, <code>*italic*</code>, <code># Heading</code>,{" "}
          <code>- item of a list</code>, <code>| cell | cell |</code> for tables with <code>|---|---|</code> below the first row.
        </p>
      </details>
    </>
  );
}

function Count({ draft }: { draft: LetterDraft }) {
  const words = countWords(draft);
  const left = MOST_CHARACTERS - countCharacters(draft);
  return (
    <span className="soft">
      {words.toLocaleString("en-GB")} {words === 1 ? "word" : "words"}
      {left < MOST_CHARACTERS / 10 && `, ${left.toLocaleString("en-GB")} characters left`}
    </span>
  );
}

function SectionFields({ draft, set, isHeld }: Omit<Props, "errors">) {
  const [added, setAdded] = useState<Section>();
  const { sections } = draft;
  const unused = unusedSections(draft);
  const change = (name: Section, text: string | undefined): void => {
    const { [name]: _, ...others } = sections;
    set({ ...draft, sections: text === undefined ? others : { ...others, [name]: text } });
  };
  return (
    <div className="form" role="group" aria-label="Sections">
      {HEADINGS.filter(([name]) => sections[name] !== undefined).map(([name, heading]) => (
        <div key={name} className="editor-section">
          <TextArea
            label={heading}
            name={`sections.${name}`}
            rows={4}
            autoFocus={name === added}
            isReadOnly={isHeld}
            value={sections[name] ?? ""}
            onChange={(text) => change(name, text)}
          />
          {!isHeld && (
            <Button kind="quiet" aria-label={`Remove section ${heading}`} onPress={() => change(name, undefined)}>
              Remove
            </Button>
          )}
        </div>
      ))}
      {!isHeld && unused.length > 0 && (
        <AddSection
          unused={unused}
          onAdd={(name) => {
            setAdded(name);
            change(name, "");
          }}
        />
      )}
    </div>
  );
}

interface AddProps {
  unused: readonly (readonly [Section, string])[];
  onAdd: (name: Section) => void;
}

/** Chosen first and added by a press: arrow keys choose at once in some browsers. */
function AddSection({ unused, onAdd }: AddProps) {
  const [name, setName] = useState<Section | "">("");
  const add = (): void => {
    if (name) onAdd(name);
    setName("");
  };
  return (
    <div className="editor-add">
      <Select
        label="Add a section"
        hint="Under a standard heading, so that others find it: a plan or the medicines, for example"
        value={name}
        onChange={setName}
        options={[["", "Choose a heading"], ...unused]}
      />
      <Button isDisabled={name === ""} onPress={add}>
        Add
      </Button>
    </div>
  );
}

function Preview({ draft }: { draft: LetterDraft }) {
  const shown = useDeferredValue(draft);
  const id = useId();
  const hasText = [shown.body, ...Object.values(shown.sections)].some((text) => text.trim());
  return (
    <section className="editor-preview" aria-labelledby={id} tabIndex={0}>
      <h2 id={id}>Preview</h2>
      <div className="sheet">
        {shown.title && <p className="editor-title">{shown.title}</p>}
        {hasText ? (
          <LetterText letter={shown} below={2} />
        ) : (
          <p className="soft">The letter appears here as the patient will see it.</p>
        )}
      </div>
    </section>
  );
}
