/** The patient's letters, newest first. */

import { useUser } from "../session/useSession";
import { Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Empty, Loaded } from "../ui/states";
import { NotLinked } from "./NotLinked";
import { OwnLetterList } from "./OwnLetterList";
import { useOwnLetters } from "./ownLetters";

export default function Letters() {
  const { patient_id } = useUser();
  return (
    <Page title="Your letters" lead="Everything that your clinicians have written to you, newest first." width="text">
      {patient_id === null ? (
        <NotLinked>Your letters are shown here once your account is linked to your record.</NotLinked>
      ) : (
        <All patientId={patient_id} />
      )}
    </Page>
  );
}

function All({ patientId }: { patientId: string }) {
  const pages = useOwnLetters(patientId);
  return (
    <Loaded query={pages}>
      {(letters) =>
        letters.length === 0 ? (
          <NoLetters />
        ) : (
          <>
            <OwnLetterList letters={letters} />
            <Pager pages={pages} shown={letters.length} what={letters.length === 1 ? "letter" : "letters"} />
          </>
        )
      }
    </Loaded>
  );
}

export function NoLetters() {
  return <Empty title="No letters yet">When a clinician writes to you, the letter appears here.</Empty>;
}
