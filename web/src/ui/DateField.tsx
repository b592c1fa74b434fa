/** A date that is typed as day, month and year; apart from the other fields, since no screen of signing in has one. */

import { useId } from "react";
import { Problem } from "../api/problem";
import { fieldErrors } from "../api/sentences";
import "./fields.css";

interface DateProps {
  label: string;
  /** Of the first of its fields, for an ErrorSummary. */
  name?: string;
  hint?: string;
  /** As ISO writes it, or whatever part of it was typed: "2026-11-" */
  value: string;
  onChange: (value: string) => void;
  error?: string;
  isRequired?: boolean;
  /** Where it is the birth date of whoever types it: their browser may know it (WCAG 2.2, 1.3.5). */
  autoComplete?: "bday";
}

/** A date that people know by heart, typed as day, month and year. `isWholeDate` says whether all of it is there. */
export function DateField({ label, name, hint = "For example, 27 3 1964", value, onChange, error, ...props }: DateProps) {
  const id = useId();
  const [year = "", month = "", day = ""] = value.split("-");
  const set = (parts: { day?: string; month?: string; year?: string }): void => {
    const next = { day, month, year, ...parts };
    onChange([next.year, pad(next.month), pad(next.day)].join("-"));
  };
  const part = (title: string, text: string, length: number, change: (digits: string) => void) => (
    <label className="date-part" data-length={length}>
      {title}
      <input
        name={title === "Day" ? name : undefined}
        className="input"
        inputMode="numeric"
        autoComplete={props.autoComplete ? `bday-${title.toLowerCase()}` : "off"}
        maxLength={length}
        required={props.isRequired}
        value={text}
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-hint ${id}-error`}
        onChange={(event) => change(event.target.value.replace(/\D/g, ""))}
      />
    </label>
  );
  return (
    <fieldset className="field date-field">
      <legend>{label}</legend>
      <span id={`${id}-hint`} className="hint">
        {hint}
      </span>
      <div className="date-parts">
        {part("Day", unpad(day), 2, (text) => set({ day: text }))}
        {part("Month", unpad(month), 2, (text) => set({ month: text }))}
        {part("Year", year, 4, (text) => set({ year: text }))}
      </div>
      <span id={`${id}-error`} className="field-error">
        {error}
      </span>
    </fieldset>
  );
}

const pad = (text: string): string => (text === "" ? "" : text.padStart(2, "0").slice(-2));
const unpad = (text: string): string => (text.length > 1 ? text.replace(/^0/, "") : text);

/** The error of a DateField, from the server's answer about that member. */
export function errorAt(error: unknown, member: string): string | undefined {
  return error instanceof Problem ? fieldErrors(error)[member] : undefined;
}
