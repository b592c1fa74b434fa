/** Who this is about, on every screen with something clinical; it stays in sight while the page scrolls. */

import { Link } from "react-router";
import { formatNhsNumber } from "../ui/format";
import { Badge } from "../ui/states";
import { formatBorn, formatGender, formatPartialDate, type Patient, type PersonName } from "./patient";
import "./patient.css";

export function PatientBanner({ patient }: { patient: Patient }) {
  const { demographics, died } = patient;
  const { patient_id: patientId, name, birth_date: born, gender, nhs_number: number, active } = demographics;
  return (
    <section className="patient" aria-label="Patient" data-past={died !== undefined || !active || undefined}>
      <div className="patient-inner">
        <p className="patient-name">
          <Link to={`/patients/${patientId}`}>
            <FamilyFirst name={name} />
          </Link>
          {died !== undefined && <Badge tone="bad">{died ? `Died ${formatPartialDate(died)}` : "Has died"}</Badge>}
          {!active && <Badge tone="warn">Record inactive</Badge>}
        </p>
        <dl className="patient-facts">
          <Fact name="Born" value={formatBorn(born, died)} />
          <Fact name="Gender" value={formatGender(gender)} />
          <Fact name="NHS No." value={number ? formatNhsNumber(number) : "Not known"} />
        </dl>
      </div>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** "HARTLEY, Margaret (Mrs)": family name first, as the NHS has names in banners and lists (ISB 1505). */
export function FamilyFirst({ name: { prefix = [], given = [], family } }: { name: PersonName }) {
  const others = [given.join(" "), prefix.length > 0 && `(${prefix.join(" ")})`].filter(Boolean).join(" ");
  if (!family) return others || "Name not known";
  return (
    <>
      <span className="family">{family}</span>
      {others && `, ${others}`}
    </>
  );
}
