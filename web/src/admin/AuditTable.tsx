import { useState } from "react";
import { Link } from "react-router";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { formatRoles, formatTime } from "../ui/format";
import { Badge } from "../ui/states";
import { type Column, Facts, Table } from "../ui/Table";
import { type AuditEntry, type Choice, deedOf, type Filters, type Outcome, outcomeName } from "./audit";

interface Props {
  entries: readonly AuditEntry[];
  /** Narrow the trail to what a row shows. */
  onNarrow: (change: Partial<Filters>) => void;
}

const TONES: Record<Outcome, "neutral" | "warn" | "bad"> = { ok: "neutral", denied: "bad", failed: "warn" };

export function AuditTable({ entries, onNarrow }: Props) {
  const columns: Column<AuditEntry>[] = [
    { title: "When", isHeader: true, cell: ({ at }) => <span className="whole">{formatTime(at)}</span> },
    { title: "Who", cell: Who },
    { title: "What", cell: deedOf },
    { title: "Outcome", cell: ({ outcome }) => <Badge tone={TONES[outcome]}>{outcomeName(outcome)}</Badge> },
    { title: "More", cell: (entry) => <Details entry={entry} onNarrow={onNarrow} /> },
  ];
  return <Table caption="Entries of the audit trail, newest first" columns={columns} rows={entries} rowKey={({ id }) => id} />;
}

function Who({ actor }: AuditEntry) {
  if (!actor) return <span className="soft">Nobody signed in</span>;
  return (
    <>
      {actor.name} <span className="second">{formatRoles(actor.roles)}</span>
    </>
  );
}

function Details({ entry, onNarrow }: { entry: AuditEntry; onNarrow: Props["onNarrow"] }) {
  const [isOpen, setOpen] = useState(false);
  const { actor, patient_id: patientId } = entry;
  const when = formatTime(entry.at);
  return (
    <>
      <Button kind="quiet" aria-label={`Details of ${deedOf(entry)}, ${when}`} onPress={() => setOpen(true)}>
        Details
      </Button>
      <Dialog title={deedOf(entry)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <Facts facts={[["When", when], ...factsOf(entry)]} />
        <div className="actions">
          {actor && <Button onPress={() => onNarrow({ actor })}>Only this person</Button>}
          {patientId && <Button onPress={() => onNarrow({ patient: named(patientId) })}>Only this patient</Button>}
          <Button onPress={() => setOpen(false)}>Close</Button>
        </div>
      </Dialog>
    </>
  );
}

/** The trail knows patients by their id only. */
function named(id: string): Choice {
  return { id, name: `Patient ${id.slice(0, 8)}` };
}

function factsOf({ actor, patient_id, resource, resource_id, address, request_id, action }: AuditEntry) {
  return [
    ["Who", actor ? `${actor.name} (${formatRoles(actor.roles)})` : "Nobody signed in"],
    ["Patient", patient_id && <Link to={`/patients/${patient_id}`}>{patient_id}</Link>],
    ["Account", actor && <Link to={`/admin/users/${actor.id}`}>{actor.id}</Link>],
    ["Resource", `${action} ${resource}`],
    ["Resource id", resource_id && <code>{resource_id}</code>],
    ["Address", address && <code>{address}</code>],
    ["Request", request_id && <code>{request_id}</code>],
  ] as const;
}
