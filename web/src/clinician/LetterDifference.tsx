/** Two letters compared part by part. */

import { lazy, Suspense } from "react";
import { formatType, HEADINGS } from "../letters/letter";
import { Loading } from "../ui/states";
import type { LetterDraft } from "./draft";
import "./letterEditor.css";

/** Where the comparison cannot be loaded, both texts are still there. */
const Difference = lazy(() => import("./Difference").catch(() => ({ default: Both })));

function Both({ from, to }: { from: string; to: string }) {
  return (
    <div className="difference">
      <del>{from}</del> <ins>{to}</ins>
    </div>
  );
}

interface Props {
  from: LetterDraft;
  to: LetterDraft;
  fromName: string;
  toName: string;
}

export function LetterDifference({ from, to, fromName, toName }: Props) {
  const parts = partsOf(from, to);
  const changed = parts.filter(([, before, after]) => before !== after);
  if (changed.length === 0) return <p>The text is the same in both.</p>;
  return (
    <div className="stack">
      <p className="soft difference">
        <del>Struck out</del>: only in {fromName}. <ins>Underlined</ins>: only in {toName}.
      </p>
      <Suspense fallback={<Loading what="Comparing" />}>
        {changed.map(([title, before, after]) => (
          <section key={title} className="stack">
            <h3>{title}</h3>
            <Difference from={before} to={after} />
          </section>
        ))}
      </Suspense>
    </div>
  );
}

function partsOf(from: LetterDraft, to: LetterDraft): (readonly [title: string, before: string, after: string])[] {
  return [
    ["Type", formatType(from.type), formatType(to.type)],
    ["Title", from.title, to.title],
    ["Letter", from.body, to.body],
    ...HEADINGS.map(([name, heading]) => [heading, from.sections[name] ?? "", to.sections[name] ?? ""] as const),
  ];
}
