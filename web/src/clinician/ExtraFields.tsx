/** What can be said of a patient when they are registered, and is seldom known at that moment. */

import { DateField } from "../ui/DateField";
import { Checkbox, Select, TextField } from "../ui/fields";
import type { Errors } from "./demographics";
import { type Extras, MARITAL_STATUSES } from "./registration";

const MULTIPLE = [
  ["", "Not known"],
  ["no", "No"],
  ["yes", "Yes, a twin or one of several"],
] as const;

interface Props {
  extras: Extras;
  set: (part: Partial<Extras>) => void;
  errors: Errors;
}

export function ExtraFields({ extras, set, errors }: Props) {
  return (
    <details className="card" open={"died" in errors || undefined}>
      <summary>More about the patient</summary>
      <div className="fields-row">
        <TextField label="Known as" value={extras.knownAs} onChange={(knownAs) => set({ knownAs })} />
        <TextField label="Former family name" value={extras.formerName} onChange={(formerName) => set({ formerName })} />
        <TextField label="Letters after the name" value={extras.suffix} onChange={(suffix) => set({ suffix })} />
      </div>
      <div className="fields-row">
        <TextField label="Preferred language" value={extras.language} onChange={(language) => set({ language })} />
        <Select
          label="Marital status"
          value={extras.maritalStatus}
          onChange={(maritalStatus) => set({ maritalStatus })}
          options={MARITAL_STATUSES as readonly (readonly [string, string])[]}
        />
        <Select
          label="Born with others"
          value={extras.multipleBirth}
          onChange={(multipleBirth) => set({ multipleBirth })}
          options={MULTIPLE}
        />
      </div>
      <div className="fields-row">
        <TextField
          label="General practitioner"
          value={extras.generalPractitioner}
          onChange={(generalPractitioner) => set({ generalPractitioner })}
        />
        <TextField label="Organisation that keeps the record" value={extras.practice} onChange={(practice) => set({ practice })} />
      </div>
      <Checkbox isSelected={extras.hasDied} onChange={(hasDied) => set({ hasDied })}>
        The patient has died
      </Checkbox>
      {extras.hasDied && (
        <DateField
          label="Day of death"
          hint="If it is known"
          name="died"
          error={errors.died}
          value={extras.died}
          onChange={(died) => set({ died })}
        />
      )}
    </details>
  );
}
