import { useState } from "react";
import { Link } from "react-router";
import { Button } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { Card } from "../ui/Page";
import { Failure } from "../ui/states";
import { type ManagedUser, useUnlink } from "./users";

/** The patient's record that an account opens. */
export function LinkCard({ user }: { user: ManagedUser }) {
  return (
    <Card title="Patient’s record">
      {user.patient_id === null ? <NotLinked /> : <Linked user={user} patientId={user.patient_id} />}
    </Card>
  );
}

function NotLinked() {
  return (
    <p>
      No record is linked. Patients link theirs themselves, with a one-time code: find the patient under{" "}
      <Link to="/patients">Patients</Link>, check the date of birth with them, and hand them the code that you get there.
    </p>
  );
}

function Linked({ user, patientId }: { user: ManagedUser; patientId: string }) {
  const [isAsking, setAsking] = useState(false);
  const { mutate, isPending, error } = useUnlink(patientId, `The record is no longer linked to ${user.display_name}.`);
  const confirm = (): void => {
    setAsking(false);
    mutate();
  };
  return (
    <>
      <p>
        This account reads the letters of <Link to={`/patients/${patientId}`}>this patient</Link>.
      </p>
      {error && <Failure error={error} />}
      <div className="actions">
        <Button kind="danger" isPending={isPending} onPress={() => setAsking(true)}>
          Remove the link
        </Button>
      </div>
      <Confirm
        title="Remove the link to the record?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={confirm}
        confirm="Remove the link"
      >
        <p>
          {user.display_name} can no longer read these letters. Codes that were handed out for this record stop working;
          linking it again needs a new one.
        </p>
      </Confirm>
    </>
  );
}
