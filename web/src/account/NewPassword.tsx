import { PasswordField } from "../ui/fields";

interface Props {
  label?: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
}

/** A password to be chosen: the rule is said before it is broken. */
export function NewPassword({ label = "Password", ...props }: Props) {
  return (
    <PasswordField
      {...props}
      label={label}
      hint="At least 15 characters. Several words that have nothing to do with each other are good."
      autoComplete="new-password"
      isRequired
      minLength={15}
      maxLength={128}
    />
  );
}
