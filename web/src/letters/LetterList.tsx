/** A patient's letters, newest first; thousands of them do not slow the page down. */

import type { ReactNode } from "react";
import { Link } from "react-router";
import { formatDate } from "../ui/format";
import { formatType, type LetterSummary } from "./letter";
import { StatusBadge } from "./LetterHeader";
import "./letters.css";

interface Props {
  letters: readonly LetterSummary[];
  to: (letter: LetterSummary) => string;
  /** The last line of an entry, such as whether the letter was read. */
  note?: (letter: LetterSummary) => ReactNode;
}

export function LetterList({ letters, to, note }: Props) {
  return (
    <ul className="letter-list">
      {letters.map((letter) => (
        <li key={letter.uid} data-withdrawn={letter.status === "withdrawn" || undefined}>
          <span className="letter-list-line">
            <Link to={to(letter)}>{letter.title}</Link>
            <StatusBadge status={letter.status} />
          </span>
          <span className="soft">
            {formatDate(letter.created_at)} · {formatType(letter.letter_type)} · {letter.author.name}
          </span>
          {note?.(letter)}
        </li>
      ))}
    </ul>
  );
}
