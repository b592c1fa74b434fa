/** Several of a kind in a form, such as addresses: each can be removed, and more can be added. */

import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "../ui/Button";

const MOST = 20;

interface Props<T> {
  title: string;
  /** One of them in words: "phone number or e-mail address". */
  what: string;
  entries: readonly T[];
  onChange: (entries: T[]) => void;
  fresh: T;
  children: (entry: T, change: (part: Partial<T>) => void, at: number) => ReactNode;
}

export function Entries<T>({ title, what, entries, onChange, fresh, children }: Props<T>) {
  const group = useRef<HTMLFieldSetElement>(null);
  const before = useRef(entries.length);
  useEffect(() => {
    if (entries.length > before.current) focusLast(group.current);
    before.current = entries.length;
  }, [entries.length]);
  const change = (at: number) => (part: Partial<T>) =>
    onChange(entries.map((entry, place) => (place === at ? { ...entry, ...part } : entry)));
  return (
    <fieldset ref={group} className="entries">
      <legend>{title}</legend>
      {entries.map((entry, at) => (
        <div key={at} className="entry">
          {children(entry, change(at), at)}
          <Button
            kind="quiet"
            aria-label={`Remove ${what} ${at + 1}`}
            onPress={() => onChange(entries.filter((_, place) => place !== at))}
          >
            Remove
          </Button>
        </div>
      ))}
      {entries.length < MOST && (
        <div className="actions">
          <Button onPress={() => onChange([...entries, fresh])}>
            {entries.length === 0 ? `Add ${what}` : `Add another ${what}`}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

function focusLast(group: HTMLFieldSetElement | null): void {
  const entry = [...(group?.querySelectorAll(":scope > .entry") ?? [])].at(-1);
  entry?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}
