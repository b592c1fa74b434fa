/** One patient: details, letters, and the code that opens the record to the patient. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { hasUnsavedWork } from "../app/unsaved";
import { letterKeys, readLetters } from "../letters/requests";
import { LetterList } from "../letters/LetterList";
import { useUser } from "../session/useSession";
import { Button, ButtonLink } from "../ui/Button";
import { tell } from "../ui/notices";
import { Card } from "../ui/Page";
import { Empty, Loaded } from "../ui/states";
import { Facts } from "../ui/Table";
import { describe, MEMBERS } from "./changes";
import { EditDemographics } from "./EditDemographics";
import { Lines } from "./Lines";
import { LinkCode } from "./LinkCode";
import { formatName, type Patient as PatientType } from "./patient";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";
import { Receipt } from "./Receipt";

export default function Patient() {
  const { id = "" } = useParams();
  return <OnePatient key={id} id={id} />;
}

/** With a key, so that nothing that was begun for one patient is there for the next. */
function OnePatient({ id }: { id: string }) {
  const patient = usePatient(id);
  const isClinician = useUser().roles.includes("clinician");
  const [step, setStep] = useState<"arrived" | "editing" | "edited">("arrived");
  const isEditing = step === "editing";
  const { data } = patient;
  /** The form would take the place of a code that is shown once. */
  const edit = (): void => {
    if (hasUnsavedWork()) tell("The code for the patient is still shown: press Done below it first.", "bad");
    else setStep("editing");
  };
  return (
    <PatientScreen
      patient={patient}
      title="Patient"
      heading={data ? formatName(data.demographics.name) : "Patient"}
      back={{ to: "/patients", label: "Patients" }}
      actions={
        isClinician &&
        data?.demographics.active && (
          <ButtonLink kind="primary" to={`/patients/${id}/letters/new`}>
            Write a letter
          </ButtonLink>
        )
      }
    >
      {data && isEditing && <EditDemographics patient={data} onDone={() => setStep("edited")} />}
      {data && !isEditing && <Details patient={data} takesFocus={step === "edited"} onEdit={edit} />}
      {!isEditing && isClinician && <Letters patientId={id} />}
      {data && !isEditing && <LinkCode patient={data.demographics} />}
    </PatientScreen>
  );
}

interface DetailsProps {
  patient: PatientType;
  /** Whether they come back after having been edited. */
  takesFocus: boolean;
  onEdit: () => void;
}

function Details({ patient: { demographics }, takesFocus, onEdit }: DetailsProps) {
  return (
    <Card title="Details" takesFocus={takesFocus} actions={<Button onPress={onEdit}>Edit details</Button>}>
      <Facts
        facts={MEMBERS.map(([member, name]) => [name, <Lines key={member} lines={describe(demographics, member)} />])}
      />
    </Card>
  );
}

const SHOWN = 3;

function Letters({ patientId }: { patientId: string }) {
  const query = useQuery({
    queryKey: [...letterKeys.list(patientId), "first"],
    queryFn: () => readLetters(patientId),
  });
  return (
    <Card title="Letters" actions={<Link to={`/patients/${patientId}/letters`}>All letters</Link>}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No letters yet" />
          ) : (
            <LetterList
              letters={items.slice(0, SHOWN)}
              to={({ uid }) => `/patients/${patientId}/letters/${uid}`}
              note={(letter) => <Receipt letter={letter} />}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
