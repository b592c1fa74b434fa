/** The fields of a patient's details, for those who register a patient and those who correct one. */

import { DateField } from "../ui/DateField";
import { Select, TextArea, TextField } from "../ui/fields";
import { Card } from "../ui/Page";
import { ADDRESS_USES, TELECOM_SYSTEMS, TELECOM_USES } from "./changes";
import {
  type Draft,
  type Errors,
  type Gender,
  NEW_ADDRESS,
  NEW_CONTACT,
  NEW_IDENTIFIER,
  NEW_TELECOM,
  type TelecomDraft,
} from "./demographics";
import { Entries } from "./Entries";
import "./forms.css";

interface Props {
  draft: Draft;
  set: (part: Partial<Draft>) => void;
  errors: Errors;
  /** Whether the fields have taken the place of something else, and the focus that was there. */
  takesFocus?: boolean;
}

export function DemographicsFields(props: Props) {
  return (
    <>
      <Identity {...props} />
      <Reaching {...props} />
      <Contacts {...props} />
      <OtherNumbers {...props} />
    </>
  );
}

const GENDERS: readonly (readonly [Gender, string])[] = [
  ["unknown", "Not known"],
  ["female", "Female"],
  ["male", "Male"],
  ["other", "Other"],
];

function Identity({ draft, set, errors, takesFocus }: Props) {
  return (
    <Card title="Who the patient is" takesFocus={takesFocus}>
      <div className="fields-row" data-kind="name">
        <TextField
          label="Title"
          name="name.prefix"
          error={errors["name.prefix"]}
          value={draft.prefix}
          onChange={(prefix) => set({ prefix })}
        />
        <TextField
          label="Given names"
          name="name.given"
          error={errors["name.given"]}
          value={draft.given}
          onChange={(given) => set({ given })}
        />
        <TextField
          label="Family name"
          name="name.family"
          error={errors["name.family"]}
          value={draft.family}
          onChange={(family) => set({ family })}
        />
      </div>
      <div className="fields-row">
        <DateField
          label="Birth date"
          name="birth_date"
          error={errors.birth_date}
          value={draft.birth_date}
          onChange={(birth_date) => set({ birth_date })}
        />
        <Select label="Gender" size="medium" value={draft.gender} onChange={(gender) => set({ gender })} options={GENDERS} />
      </div>
      <TextField
        label="NHS number"
        hint="10 digits, such as 999 000 0018"
        name="nhs_number"
        size="medium"
        inputMode="numeric"
        autoComplete="off"
        error={errors.nhs_number}
        value={draft.nhs_number}
        onChange={(nhs_number) => set({ nhs_number })}
      />
    </Card>
  );
}

function Reaching({ draft, set, errors }: Props) {
  return (
    <Card title="How to reach the patient">
      <Entries
        title="Phone and e-mail"
        what="number or e-mail address"
        entries={draft.telecom}
        onChange={(telecom) => set({ telecom })}
        fresh={NEW_TELECOM}
      >
        {(entry, change, at) => <Telecom entry={entry} change={change} name={`telecom.${at}`} errors={errors} />}
      </Entries>
      <Entries
        title="Addresses"
        what="address"
        entries={draft.addresses}
        onChange={(addresses) => set({ addresses })}
        fresh={NEW_ADDRESS}
      >
        {(entry, change, at) => (
          <>
            <TextArea
              label="Street"
              name={`addresses.${at}.lines`}
              rows={2}
              error={errors[`addresses.${at}.lines`]}
              value={entry.lines}
              onChange={(lines) => change({ lines })}
            />
            <div className="fields-row">
              <TextField label="Town or city" name={`addresses.${at}.city`} value={entry.city} onChange={(city) => change({ city })} />
              <TextField
                label="County"
                name={`addresses.${at}.district`}
                value={entry.district}
                onChange={(district) => change({ district })}
              />
            </div>
            <div className="fields-row">
              <TextField
                label="Postcode"
                name={`addresses.${at}.postal_code`}
                value={entry.postal_code}
                onChange={(postal_code) => change({ postal_code })}
              />
              <TextField
                label="Country"
                name={`addresses.${at}.country`}
                value={entry.country}
                onChange={(country) => change({ country })}
              />
              <Select label="Kind of address" value={entry.use} onChange={(use) => change({ use })} options={ADDRESS_USES} />
            </div>
          </>
        )}
      </Entries>
    </Card>
  );
}

interface TelecomProps {
  entry: TelecomDraft;
  change: (part: Partial<TelecomDraft>) => void;
  name: string;
  errors: Errors;
}

function Telecom({ entry, change, name, errors }: TelecomProps) {
  return (
    <div className="fields-row">
      <Select label="Kind" value={entry.system} onChange={(system) => change({ system })} options={TELECOM_SYSTEMS} />
      <TextField
        label="Number or address"
        name={`${name}.value`}
        error={errors[`${name}.value`]}
        value={entry.value}
        onChange={(value) => change({ value })}
      />
      <Select label="Used for" value={entry.use} onChange={(use) => change({ use })} options={TELECOM_USES} />
    </div>
  );
}

function Contacts({ draft, set, errors }: Props) {
  return (
    <Card title="Whom to call in an emergency">
      <Entries
        title="Emergency contacts"
        what="emergency contact"
        entries={draft.emergency_contacts}
        onChange={(emergency_contacts) => set({ emergency_contacts })}
        fresh={NEW_CONTACT}
      >
        {(entry, change, at) => (
          <>
            <div className="fields-row">
              <TextField
                label="Name of the contact"
                name={`emergency_contacts.${at}.name`}
                error={errors[`emergency_contacts.${at}.name`]}
                value={entry.name}
                onChange={(name) => change({ name })}
              />
              <TextField
                label="Relationship"
                name={`emergency_contacts.${at}.relationship`}
                value={entry.relationship}
                onChange={(relationship) => change({ relationship })}
              />
            </div>
            <ContactTelecom entry={entry.telecom} onChange={(telecom) => change({ telecom })} at={at} errors={errors} />
          </>
        )}
      </Entries>
    </Card>
  );
}

interface ContactTelecomProps {
  entry: TelecomDraft[];
  onChange: (telecom: TelecomDraft[]) => void;
  at: number;
  errors: Errors;
}

/** With a row to go on in: empty ones are not sent. */
function ContactTelecom({ entry, onChange, at, errors }: ContactTelecomProps) {
  const rows = entry.at(-1)?.value === "" ? entry : [...entry, NEW_TELECOM];
  const change = (place: number) => (part: Partial<TelecomDraft>) =>
    onChange(rows.map((one, index) => (index === place ? { ...one, ...part } : one)));
  return (
    <>
      {rows.map((one, place) => (
        <Telecom
          key={place}
          entry={one}
          change={change(place)}
          name={`emergency_contacts.${at}.telecom.${place}`}
          errors={errors}
        />
      ))}
    </>
  );
}

function OtherNumbers({ draft, set, errors }: Props) {
  return (
    <Card title="Other numbers">
      <Entries
        title="Numbers of other registers"
        what="number"
        entries={draft.identifiers}
        onChange={(identifiers) => set({ identifiers })}
        fresh={NEW_IDENTIFIER}
      >
        {(entry, change, at) => (
          <div className="fields-row">
            <TextField
              label="Register"
              hint="Its address, such as https://hospital.example/numbers"
              name={`identifiers.${at}.system`}
              error={errors[`identifiers.${at}.system`]}
              value={entry.system}
              onChange={(system) => change({ system })}
            />
            <TextField
              label="Number"
              hint="As the register has it"
              name={`identifiers.${at}.value`}
              error={errors[`identifiers.${at}.value`]}
              value={entry.value}
              onChange={(value) => change({ value })}
            />
          </div>
        )}
      </Entries>
    </Card>
  );
}
