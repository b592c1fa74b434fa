/** People who are registered already and might be the same one. */

import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { Button } from "../ui/Button";
import { formatNhsNumber } from "../ui/format";
import { Warning } from "../ui/icons";
import { FamilyFirst } from "./PatientBanner";
import { formatBorn, type PatientListed } from "./patient";

interface Props {
  patients: PatientListed[];
  isPending: boolean;
  onNone: () => void;
  onBack: () => void;
}

export function Alike({ patients, isPending, onNone, onBack }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} className="banner" data-tone="warn" role="group" aria-labelledby="alike" tabIndex={-1}>
      <Warning />
      <div className="banner-text stack">
        <h2 id="alike">Is the patient registered already?</h2>
        <p>Look at these records first. Two records of one person are dangerous: each shows half of the letters.</p>
        <ul>
          {patients.map(({ patient_id: patientId, name, birth_date: born, nhs_number: number }) => (
            <li key={patientId}>
              <Link to={`/patients/${patientId}`} target="_blank" rel="noopener">
                <FamilyFirst name={name} />
                <span className="unseen"> (opens in a new tab)</span>
              </Link>
              , born {formatBorn(born)}, NHS number {number ? formatNhsNumber(number) : "not known"}
            </li>
          ))}
        </ul>
        <div className="actions">
          <Button kind="danger" isPending={isPending} onPress={onNone}>
            It is somebody else: register
          </Button>
          <Button onPress={onBack}>Back to the form</Button>
        </div>
      </div>
    </div>
  );
}
