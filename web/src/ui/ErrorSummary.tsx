/** What must be put right before a form can be sent, with a way to each field; takes the focus when it appears. */

import { type MouseEvent, useEffect, useRef } from "react";
import { Warning } from "./icons";

interface Props {
  /** By the `name` of the field. */
  errors: Readonly<Record<string, string>>;
  /** Grows with each attempt to send, so that each brings the focus here. */
  attempt: number;
}

export function ErrorSummary({ errors, attempt }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [attempt]);
  const entries = Object.entries(errors);
  if (attempt === 0 || entries.length === 0) return null;
  return (
    <div ref={box} className="banner" data-tone="bad" role="group" aria-labelledby="error-summary" tabIndex={-1}>
      <Warning />
      <div className="banner-text">
        <h2 id="error-summary" className="banner-title">
          {entries.length === 1 ? "One thing is to be put right" : `${entries.length} things are to be put right`}
        </h2>
        <ul>
          {entries.map(([name, text]) => (
            <li key={name}>
              <a href={`#${name}`} onClick={(event) => goTo(event, name)}>
                {text}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function goTo(event: MouseEvent, name: string): void {
  event.preventDefault();
  document.getElementsByName(name)[0]?.focus();
}
