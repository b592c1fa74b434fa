/** A letter as it stands, and what can be done with it. */

import { useState } from "react";
import { useParams } from "react-router";
import type { Letter as LetterValue } from "../letters/letter";
import { LetterHeader } from "../letters/LetterHeader";
import { LetterText } from "../letters/LetterText";
import { PdfButton } from "../letters/PdfButton";
import { Button, ButtonLink } from "../ui/Button";
import { PrintButton } from "../ui/PrintButton";
import { Loaded } from "../ui/states";
import { useLetter } from "./useLetter";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";
import { Receipt } from "./Receipt";
import { Withdraw } from "./Withdraw";

export default function Letter() {
  const { id = "", uid = "" } = useParams();
  const patient = usePatient(id);
  const query = useLetter(id, uid);
  return (
    <PatientScreen
      patient={patient}
      title="Letter"
      heading={query.data?.letter.title ?? "Letter"}
      back={{ to: `/patients/${id}/letters`, label: "Letters" }}
    >
      <Loaded query={query}>
        {({ letter, etag }) => (
          <>
            <Actions key={uid} letter={letter} etag={etag} />
            <article className="sheet" data-status={letter.status}>
              <LetterHeader letter={letter}>
                <p>
                  <Receipt letter={letter} />
                </p>
              </LetterHeader>
              <LetterText letter={letter} />
            </article>
          </>
        )}
      </Loaded>
    </PatientScreen>
  );
}

function Actions({ letter, etag }: { letter: LetterValue; etag: string }) {
  const [isWithdrawing, setWithdrawing] = useState(false);
  const here = `/patients/${letter.patient_id}/letters/${letter.uid}`;
  return (
    <div className="actions no-print">
      <PdfButton letter={letter} />
      <PrintButton />
      {letter.version > 1 && <ButtonLink to={`${here}/versions`}>Versions ({letter.version})</ButtonLink>}
      {letter.status !== "withdrawn" && (
        <>
          <ButtonLink to={`${here}/amend`}>Amend</ButtonLink>
          <Button kind="danger" onPress={() => setWithdrawing(true)}>
            Withdraw
          </Button>
          {isWithdrawing && <Withdraw letter={letter} etag={etag} onDone={() => setWithdrawing(false)} />}
        </>
      )}
    </div>
  );
}
