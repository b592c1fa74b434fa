/** All letters of a patient, and which of them the patient has read. */

import { useParams } from "react-router";
import { usePages } from "../api/pages";
import { letterKeys, readLetters } from "../letters/requests";
import { LetterList } from "../letters/LetterList";
import { ButtonLink } from "../ui/Button";
import { Pager } from "../ui/Pager";
import { Empty, Loaded } from "../ui/states";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";
import { Receipt } from "./Receipt";

export default function Letters() {
  const { id = "" } = useParams();
  const patient = usePatient(id);
  const query = usePages(letterKeys.list(id), (cursor) => readLetters(id, cursor));
  return (
    <PatientScreen
      patient={patient}
      title="Letters"
      back={{ to: `/patients/${id}`, label: "Patient" }}
      actions={
        patient.data?.demographics.active !== false && (
          <ButtonLink kind="primary" to={`/patients/${id}/letters/new`}>
            Write a letter
          </ButtonLink>
        )
      }
    >
      <Loaded query={query}>
        {(letters) =>
          letters.length === 0 ? (
            <Empty title="No letters yet">What is written to this patient will stand here.</Empty>
          ) : (
            <>
              <LetterList
                letters={letters}
                to={({ uid }) => `/patients/${id}/letters/${uid}`}
                note={(letter) => <Receipt letter={letter} />}
              />
              <Pager pages={query} shown={letters.length} what={letters.length === 1 ? "letter" : "letters"} />
            </>
          )
        }
      </Loaded>
    </PatientScreen>
  );
}
