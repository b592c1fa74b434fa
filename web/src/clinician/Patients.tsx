/** Finding a patient. */

import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "react-router";
import { patients, take } from "../api/client";
import { usePages } from "../api/pages";
import { useKept } from "../app/kept";
import { Button, ButtonLink } from "../ui/Button";
import { formatNhsNumber } from "../ui/format";
import { TextField } from "../ui/fields";
import { Card, Page } from "../ui/Page";
import { Pager } from "../ui/Pager";
import { Badge, Empty, Loaded } from "../ui/states";
import { type Column, Table } from "../ui/Table";
import { FamilyFirst } from "./PatientBanner";
import { formatBorn, formatGender, type PatientListed } from "./patient";
import { recentPatients } from "./recent";
import { type Criteria, readSearch } from "./search";

interface Asked {
  text: string;
  /** Whether everybody is listed, when nothing is searched for. */
  isEverybody: boolean;
}

const NOTHING: Asked = { text: "", isEverybody: false };

export default function Patients() {
  const [asked, setAsked, settled] = useKept(NOTHING);
  const { criteria, error } = readSearch(settled.text);
  const isEmpty = asked.text.trim() === "";
  const listed = criteria ?? (asked.isEverybody && isEmpty ? {} : undefined);
  return (
    <Page
      title="Patients"
      actions={
        <ButtonLink kind="primary" to="/patients/new">
          Register a patient
        </ButtonLink>
      }
    >
      <search className="search">
        <TextField
          type="search"
          label="Search for a patient"
          hint="Name, NHS number or birth date, or several of them: “hartley 14/5/1951”"
          name="search"
          autoComplete="off"
          autoFocus
          error={error}
          value={asked.text}
          onChange={(text) => setAsked({ text, isEverybody: false })}
        />
      </search>
      {listed && <Found criteria={listed} />}
      {isEmpty && !listed && <Start onEverybody={() => setAsked({ text: "", isEverybody: true })} />}
    </Page>
  );
}

function usePatients(criteria: Criteria) {
  return usePages(
    ["patients", "search", criteria],
    (cursor, { signal }) => take(patients.GET("/api/patients", { params: { query: { ...criteria, cursor } }, signal })),
    { placeholderData: keepPreviousData },
  );
}

function Found({ criteria }: { criteria: Criteria }) {
  const query = usePatients(criteria);
  return (
    <Loaded query={query}>
      {(found) => (
        <div className="stack found" aria-busy={query.isPlaceholderData} inert={query.isPlaceholderData}>
          {found.length === 0 ? <Nobody /> : <Table caption="Patients" columns={COLUMNS} rows={found} rowKey={keyOf} />}
          <Pager pages={query} shown={found.length} what={found.length === 1 ? "patient" : "patients"} />
        </div>
      )}
    </Loaded>
  );
}

function Nobody() {
  return (
    <Empty title="Nobody is found">
      Names are found by how their words begin: try fewer letters, or the NHS number. A patient who is new here can be
      registered.
    </Empty>
  );
}

const keyOf = (patient: PatientListed): string => patient.patient_id;

const COLUMNS: readonly Column<PatientListed>[] = [
  {
    title: "Patient",
    isHeader: true,
    cell: ({ patient_id: patientId, name, active }) => (
      <>
        <Link className="table-link" to={`/patients/${patientId}`}>
          <FamilyFirst name={name} />
        </Link>{" "}
        {!active && <Badge tone="warn">Inactive</Badge>}
      </>
    ),
  },
  { title: "Born", cell: ({ birth_date: born }) => formatBorn(born) },
  { title: "NHS number", cell: ({ nhs_number: number }) => (number ? formatNhsNumber(number) : "Not known") },
  { title: "Gender", cell: ({ gender }) => formatGender(gender) },
];

/** Before anything is typed. */
function Start({ onEverybody }: { onEverybody: () => void }) {
  const recent = recentPatients();
  const everybody = <Button onPress={onEverybody}>List all patients</Button>;
  if (recent.length === 0) return <Empty title="Type to search, or list everybody" actions={everybody} />;
  return (
    <>
      <Card title="Opened last">
        <Table caption="Patients opened last" columns={COLUMNS} rows={recent} rowKey={keyOf} />
      </Card>
      <div className="actions">{everybody}</div>
    </>
  );
}
