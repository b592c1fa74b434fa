/** What the audit trail is narrowed to. */

import { useState } from "react";
import { patients, take } from "../api/client";
import { Button } from "../ui/Button";
import { DateField } from "../ui/DateField";
import { Select } from "../ui/fields";
import { formatDate, formatRoles, isWholeDate } from "../ui/format";
import { Card } from "../ui/Page";
import { type Action, ACTIONS, type Filters, type Outcome, OUTCOMES, RESOURCES } from "./audit";
import { type Found, Picker } from "./Picker";
import { searchUsers } from "./users";

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

async function findUsers(text: string): Promise<Found[]> {
  const users = await searchUsers(text);
  return users.map(({ id, display_name, username, roles }) => ({
    id,
    name: display_name,
    note: `${username}, ${formatRoles(roles)}`,
  }));
}

/** A name may be pasted as banners have it: "HARTLEY, Margaret (Mrs)". */
async function findPatients(text: string): Promise<Found[]> {
  const query = { q: text.replace(/\([^)]*\)|,/g, " ").trim(), limit: 10 };
  const { items } = await take(patients.GET("/api/patients", { params: { query } }));
  return items.map(({ patient_id, name, birth_date }) => ({
    id: patient_id,
    name: [name.prefix, name.given, name.family].flat().filter(Boolean).join(" ") || "Without a name",
    note: birth_date ? `Born ${formatDate(birth_date)}` : "Birth date not known",
  }));
}

export function AuditFilters({ filters, onChange }: Props) {
  const [clearings, setClearings] = useState(0);
  const set = (change: Partial<Filters>): void => onChange({ ...filters, ...change });
  const clear = (): void => {
    setClearings(clearings + 1);
    onChange({});
  };
  return (
    <Card title="Narrow down">
      <div className="filters">
        <Picker
          key={`actor ${clearings}`}
          label="Who acted"
          hint="Part of a name, user name or e-mail address"
          kind="users"
          search={findUsers}
          value={filters.actor}
          onChange={(actor) => set({ actor })}
        />
        <Picker
          key={`patient ${clearings}`}
          label="Patient"
          hint="Beginning of a name. The search itself is noted in the trail"
          kind="patients"
          search={findPatients}
          value={filters.patient}
          onChange={(patient) => set({ patient })}
        />
      </div>
      <div className="filters">
        <Any label="What was done" options={ACTIONS} value={filters.action} onChange={(action?: Action) => set({ action })} />
        <Any label="With what" options={RESOURCES} value={filters.resource} onChange={(resource) => set({ resource })} />
        <Any label="Outcome" options={OUTCOMES} value={filters.outcome} onChange={(outcome?: Outcome) => set({ outcome })} />
      </div>
      <div className="filters">
        <Day label="From" hint="The first day" value={filters.from} onChange={(from) => set({ from })} />
        <Day label="To" hint="The last day" value={filters.to} onChange={(to) => set({ to })} />
      </div>
      <div className="actions">
        <Button isDisabled={Object.values(filters).every((one) => !one)} onPress={clear}>
          Clear all
        </Button>
      </div>
    </Card>
  );
}

interface AnyProps<T extends string> {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T | undefined;
  onChange: (value?: T) => void;
}

function Any<T extends string>({ label, options, value, onChange }: AnyProps<T>) {
  return (
    <Select<T | "">
      label={label}
      value={value ?? ""}
      options={[["", "Anything"], ...options]}
      onChange={(chosen) => onChange(chosen || undefined)}
    />
  );
}

interface DayProps {
  label: string;
  hint: string;
  value: string | undefined;
  onChange: (value: string) => void;
}

/** Half a date is no mistake yet; a day that there is not narrows nothing down. */
function Day({ value = "", ...props }: DayProps) {
  const isImpossible = /^\d{4}-\d\d-\d\d$/.test(value) && !isWholeDate(value);
  return <DateField {...props} value={value} error={isImpossible ? "There is no such day: check the date" : undefined} />;
}
