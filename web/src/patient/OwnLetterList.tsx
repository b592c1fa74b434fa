import { LetterList } from "../letters/LetterList";
import type { LetterSummary } from "../letters/letter";
import { Badge } from "../ui/states";

/** The reader's own letters, with a mark on those that they have not opened. */
export function OwnLetterList({ letters }: { letters: readonly LetterSummary[] }) {
  return <LetterList letters={letters} to={({ uid }) => `/letters/${uid}`} note={noteOf} />;
}

function noteOf({ read_at, status }: LetterSummary) {
  if (read_at !== null || status === "withdrawn") return null;
  return (
    <span>
      <Badge tone="info">New: not read yet</Badge>
    </span>
  );
}
