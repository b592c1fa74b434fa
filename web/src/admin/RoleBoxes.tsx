import type { Role } from "../session/store";
import { Checkbox } from "../ui/fields";

const ROLES: readonly (readonly [Role, string, string])[] = [
  ["patient", "Patient", "Reads their own letters, once their record is linked."],
  ["clinician", "Clinician", "Finds patients, and writes and reads letters."],
  ["admin", "Administrator", "Manages users and sees the audit trail. Has no access to letters."],
];

interface Props {
  roles: readonly Role[];
  onChange: (roles: Role[]) => void;
  error?: string;
}

export function RoleBoxes({ roles, onChange, error }: Props) {
  const change = (role: Role, isChosen: boolean): void => {
    const others = roles.filter((one) => one !== role);
    onChange(isChosen ? [...others, role] : others);
  };
  return (
    <fieldset className="field" aria-describedby="roles-error">
      <legend>What they may do</legend>
      {ROLES.map(([role, name, hint]) => (
        <Checkbox
          key={role}
          name="roles"
          hint={hint}
          isSelected={roles.includes(role)}
          onChange={(isChosen) => change(role, isChosen)}
        >
          {name}
        </Checkbox>
      ))}
      <span id="roles-error" className="field-error">
        {error}
      </span>
    </fieldset>
  );
}
