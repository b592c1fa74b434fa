import { isChangedSinceRead, type LetterSummary } from "../letters/letter";
import { formatTime } from "../ui/format";

/** Whether the patient has read a letter, and as it is now; others' reading is in the audit trail. */
export function Receipt({ letter }: { letter: LetterSummary }) {
  if (letter.read_at === null) return <span className="soft">Not read yet</span>;
  const when = `by the patient on ${formatTime(letter.read_at)}`;
  return <span>{isChangedSinceRead(letter) ? `First read ${when}, before it was ${letter.status}` : `Read ${when}`}</span>;
}
