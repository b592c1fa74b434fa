/** The text of a letter as its readers see it: body, then sections. */

import { lazy, Suspense } from "react";
import { Loading } from "../ui/states";
import { type Sections, sectionsOf } from "./letter";
import "./letters.css";

/** A reader without formatting, and a writer offline, still have the text. */
const Markdown = lazy(() => import("./Markdown").catch(() => ({ default: AsTyped })));

function AsTyped({ text }: { text: string; below: number }) {
  return <div className="as-typed">{text}</div>;
}

interface Props {
  letter: { body: string; sections?: Sections };
  /** Level of the heading above. */
  below?: number;
}

export function LetterText({ letter, below = 1 }: Props) {
  const Heading = `h${below + 1}` as "h2";
  return (
    <Suspense fallback={<Loading what="Loading the text" />}>
      <Markdown text={letter.body} below={below} />
      {sectionsOf(letter).map(({ name, heading, text }) => (
        <section key={name} className="letter-section">
          <Heading>{heading}</Heading>
          <Markdown text={text} below={below + 1} />
        </section>
      ))}
    </Suspense>
  );
}
