import { LetterList } from "../letters/LetterList";
import { isChangedSinceRead, type LetterSummary } from "../letters/letter";
import { Badge } from "../ui/states";
import { useUnread } from "./inbox";

/** The reader's own letters, with a mark on those that they have not opened, or not as they are now. */
export function OwnLetterList({ letters }: { letters: readonly LetterSummary[] }) {
  const { data } = useUnread();
  const news = new Set(data?.items.map(({ url }) => url));
  const pathOf = ({ uid }: LetterSummary): string => `/letters/${uid}`;
  return (
    <LetterList letters={letters} to={pathOf} note={(one) => <Mark letter={one} isNews={news.has(pathOf(one))} />} />
  );
}

/** A letter tells of its first reading only; `isNews` is whether the inbox has told of it since it was last opened. */
function Mark({ letter, isNews }: { letter: LetterSummary; isNews: boolean }) {
  const isUnread = letter.read_at === null;
  if (letter.status === "withdrawn" || !(isUnread || (isNews && isChangedSinceRead(letter)))) return null;
  return (
    <span>
      <Badge tone="info">{isUnread ? "New: not read yet" : "Changed since you read it"}</Badge>
    </span>
  );
}
