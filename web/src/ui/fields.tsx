/** Fields of forms: a label above, a hint, an error in words below. */

import { type FormEvent, type ReactNode, useId, useState } from "react";
import {
  Checkbox as AriaCheckbox,
  Form as AriaForm,
  type FormProps,
  TextArea as AriaTextArea,
  TextField as AriaTextField,
  type TextFieldProps,
  FieldError,
  Input,
  Label,
  Text,
} from "react-aria-components";
import { fieldErrors } from "../api/sentences";
import { Button } from "./Button";
import { Failure } from "./states";
import "./fields.css";

interface FormProperties extends Omit<FormProps, "onSubmit" | "validationErrors" | "className" | "style"> {
  /** Why the last try failed: said above the fields, and at each field that the server named. */
  error?: unknown;
  /** The same where the screen itself says it: only at the fields. */
  refusal?: unknown;
  onSubmit: () => void;
  children: ReactNode;
}

/** A form that tells what is missing before it is sent, and what was refused afterwards. */
export function Form({ error, refusal = error, onSubmit, children, ...props }: FormProperties) {
  const [marks, unmark] = useMarks(refusal);
  return (
    <AriaForm
      {...props}
      validationErrors={marks}
      className="form"
      render={(form) => <form {...form} onChange={unmark} />}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {error instanceof Error && <Failure error={error} />}
      {children}
    </AriaForm>
  );
}

/** What was refused, until it is typed anew: a mark that went only as its field is left would move the button that is being pressed. */
function useMarks(refusal: unknown): [Record<string, string>, (event: FormEvent) => void] {
  const [last, setLast] = useState(refusal);
  const [marks, setMarks] = useState(() => fieldErrors(refusal));
  if (last !== refusal) {
    setLast(refusal);
    setMarks(fieldErrors(refusal));
  }
  const unmark = ({ target }: FormEvent): void => {
    const { name } = target as HTMLInputElement;
    if (name in marks) setMarks(({ [name]: _, ...others }) => others);
  };
  return [marks, unmark];
}

interface FieldProps extends Omit<TextFieldProps, "children" | "className" | "style"> {
  label: string;
  hint?: ReactNode;
  error?: string;
  /** How much is expected: the width of the field says so. */
  size?: "short" | "medium" | "full";
  placeholder?: string;
}

interface AroundProps {
  label: string;
  hint?: ReactNode;
  error?: string;
  children: ReactNode;
}

/** `error` is the screen's; without one it is what the browser or the server's answer says. */
function Around({ label, hint, error, children }: AroundProps) {
  return (
    <>
      <Label>{label}</Label>
      {hint && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      {children}
      <FieldError className="field-error">{error}</FieldError>
    </>
  );
}

/** React Aria takes `false` for a verdict as well, and would hide what browser and server say. */
function validity(error: string | undefined): { isInvalid?: true } {
  return error === undefined ? {} : { isInvalid: true };
}

export function TextField({ label, hint, error, size = "full", placeholder, ...props }: FieldProps) {
  return (
    <AriaTextField {...props} {...validity(error)} className="field" data-size={size}>
      <Around label={label} hint={hint} error={error}>
        <Input className="input" placeholder={placeholder} />
      </Around>
    </AriaTextField>
  );
}

export function PasswordField({ label, hint, error, size: _, placeholder: __, ...props }: FieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <AriaTextField {...props} {...validity(error)} type={isShown ? "text" : "password"} className="field">
      <Around label={label} hint={hint} error={error}>
        <div className="input-row">
          <Input className="input" autoCapitalize="none" spellCheck={false} />
          <Button aria-label={isShown ? "Hide password" : "Show password"} onPress={() => setShown(!isShown)}>
            {isShown ? "Hide" : "Show"}
          </Button>
        </div>
      </Around>
    </AriaTextField>
  );
}

interface AreaProps extends FieldProps {
  rows?: number;
}

export function TextArea({ label, hint, error, rows = 6, size = "full", placeholder, ...props }: AreaProps) {
  return (
    <AriaTextField {...props} {...validity(error)} className="field" data-size={size}>
      <Around label={label} hint={hint} error={error}>
        <AriaTextArea className="input" rows={rows} placeholder={placeholder} />
      </Around>
    </AriaTextField>
  );
}

interface SelectProps<T extends string> {
  label: string;
  hint?: ReactNode;
  value: T;
  onChange: (value: T) => void;
  options: readonly (readonly [value: T, label: string])[];
  size?: "short" | "medium" | "full";
  isDisabled?: boolean;
}

/** The browser's own list: phones and screen readers know it best. */
export function Select<T extends string>({ label, hint, value, onChange, options, size = "full", ...props }: SelectProps<T>) {
  const id = useId();
  return (
    <div className="field" data-size={size}>
      <label htmlFor={id}>{label}</label>
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
      <select
        id={id}
        className="input"
        aria-describedby={hint ? `${id}-hint` : undefined}
        disabled={props.isDisabled}
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckboxProps {
  name?: string;
  isSelected: boolean;
  onChange: (isSelected: boolean) => void;
  children: ReactNode;
  hint?: ReactNode;
  isDisabled?: boolean;
}

export function Checkbox({ children, hint, ...props }: CheckboxProps) {
  return (
    <AriaCheckbox {...props} className="checkbox">
      <span className="box" aria-hidden="true" />
      <span>
        {children}
        {hint && <span className="hint">{hint}</span>}
      </span>
    </AriaCheckbox>
  );
}
