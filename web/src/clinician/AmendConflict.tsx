/** Two people have amended the same letter: theirs is stored, mine is not, and I decide with both before me. */

import type { Letter } from "../letters/letter";
import { Button, ButtonLink } from "../ui/Button";
import { formatTime } from "../ui/format";
import { Card } from "../ui/Page";
import { Banner } from "../ui/states";
import { type LetterDraft, letterDraftOf } from "./draft";
import { LetterDifference } from "./LetterDifference";

interface Props {
  mine: LetterDraft;
  theirs: Letter;
  onTake: () => void;
  onKeep: () => void;
}

export function AmendConflict({ mine, theirs, onTake, onKeep }: Props) {
  const isWithdrawn = theirs.status === "withdrawn";
  const when = formatTime(theirs.amended_at ?? theirs.created_at);
  return (
    <Card title={isWithdrawn ? "This letter was withdrawn meanwhile" : "Somebody else has amended this letter"} takesFocus>
      <Banner tone="warn" isAnnounced>
        {isWithdrawn
          ? `It was withdrawn on ${when} and can no longer be amended. Your text is not stored: copy what you need.`
          : `${theirs.author.name} saved version ${theirs.version} on ${when}. Your text is not stored yet.`}
      </Banner>
      <LetterDifference from={letterDraftOf(theirs)} to={mine} fromName="theirs" toName="yours" />
      <div className="actions">
        {isWithdrawn ? (
          <ButtonLink kind="primary" to={`/patients/${theirs.patient_id}/letters/${theirs.uid}`}>
            Read the letter
          </ButtonLink>
        ) : (
          <>
            <Button kind="primary" onPress={onKeep}>
              Apply my text again
            </Button>
            <Button onPress={onTake}>Take theirs</Button>
          </>
        )}
      </div>
      {!isWithdrawn && (
        <p className="soft">
          If you apply yours, it comes back to the form and would replace theirs as version {theirs.version + 1}. If you
          take theirs, you go on from their text.
        </p>
      )}
    </Card>
  );
}
