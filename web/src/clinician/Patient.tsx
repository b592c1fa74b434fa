/** One patient: details, letters, and the code that opens the record to the patient. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { letterKeys, readLetters } from "../letters/requests";
import { LetterList } from "../letters/LetterList";
import { useUser } from "../session/useSession";
import { Button, ButtonLink } from "../ui/Button";
import { Card } from "../ui/Page";
import { Empty, Loaded } from "../ui/states";
import { Facts } from "../ui/Table";
import { describe, MEMBERS } from "./changes";
import { EditDemographics } from "./EditDemographics";
import { LinkCode } from "./LinkCode";
import { formatName, type Patient as PatientType } from "./patient";
import { usePatient } from "./usePatient";
import { PatientScreen } from "./PatientScreen";
import { Receipt } from "./Receipt";

export default function Patient() {
  const { id = "" } = useParams();
  const patient = usePatient(id);
  const isClinician = useUser().roles.includes("clinician");
  const [isEditing, setEditing] = useState(false);
  const { data } = patient;
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
      {data && isEditing && <EditDemographics patient={data} onDone={() => setEditing(false)} />}
      {data && !isEditing && <Details patient={data} onEdit={() => setEditing(true)} />}
      {!isEditing && isClinician && <Letters patientId={id} />}
      {data && !isEditing && <LinkCode patient={data.demographics} />}
    </PatientScreen>
  );
}

function Details({ patient: { demographics }, onEdit }: { patient: PatientType; onEdit: () => void }) {
  return (
    <Card title="Details" actions={<Button onPress={onEdit}>Edit details</Button>}>
      <Facts
        facts={MEMBERS.map(([member, name]) => [name, <Lines key={member} lines={describe(demographics, member)} />])}
      />
    </Card>
  );
}

export function Lines({ lines }: { lines: string[] }) {
  if (lines.length === 0) return <span className="soft">None recorded</span>;
  return lines.map((line, at) => <div key={at}>{line}</div>);
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
              note={({ read_at: at }) => <Receipt at={at} />}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
