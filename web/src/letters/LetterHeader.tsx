/** What a reader must know before the text: what it is, from whom, of when, and whether it still holds. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { formatTime } from "../ui/format";
import { Badge, Banner } from "../ui/states";
import { formatType, type LetterSummary } from "./letter";
import { letterKeys, readVersions } from "./requests";
import "./letters.css";

const WITHDRAWN = "This letter was withdrawn. Do not act on it.";

interface Props {
  letter: LetterSummary;
  /** What else is to be known here, such as whether it was read. */
  children?: ReactNode;
}

export function LetterHeader({ letter, children }: Props) {
  return (
    <div className="letter-head">
      <p>
        {formatType(letter.letter_type)} by <strong>{letter.author.name}</strong>
      </p>
      <p className="soft">Sent {formatTime(letter.created_at)}</p>
      {children}
      {letter.version > 1 && <Change letter={letter} />}
    </div>
  );
}

/** Who changed or withdrew the letter, when and why. */
function Change({ letter }: { letter: LetterSummary }) {
  const { patient_id: patientId, uid, version, amended_at: at } = letter;
  const { data } = useQuery({
    queryKey: [...letterKeys.versions(patientId, uid), "first"],
    queryFn: () => readVersions(patientId, uid),
  });
  const made = data?.items.find((one) => one.version === version);
  const what = letter.status === "withdrawn" ? "withdrawn" : "amended";
  const when = at && ` on ${formatTime(at)}`;
  return (
    <Banner
      tone={letter.status === "withdrawn" ? "bad" : "warn"}
      title={letter.status === "withdrawn" ? WITHDRAWN : "This letter was amended"}
    >
      It was {what}
      {when}
      {made && ` by ${made.author.name}`}.{made?.reason && ` Reason: ${made.reason}`}
    </Banner>
  );
}

/** On an older version of a letter that no longer holds, which itself does not tell. */
export function WithdrawnMark() {
  return <Banner tone="bad" title={WITHDRAWN} />;
}

/** One word on the state of a letter, where it is not simply sent. */
export function StatusBadge({ status }: { status: LetterSummary["status"] }) {
  if (status === "withdrawn") return <Badge tone="bad">Withdrawn</Badge>;
  return status === "amended" ? <Badge tone="warn">Amended</Badge> : null;
}
