/** Short words about what was just done ("Letter sent"), at the foot of the screen and for screen readers. */

import { useSyncExternalStore } from "react";
import { observable } from "../app/observable";
import { Button } from "./Button";
import { Check, Close, Warning } from "./icons";
import "./notices.css";

const SHOWN_MS = 8_000;

interface Notice {
  text: string;
  tone: "good" | "bad";
}

const notice = observable<Notice | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

/** Tell the person, over a change of screens too: what went well for eight seconds, what failed until they dismiss it. */
export function tell(text: string, tone: Notice["tone"] = "good"): void {
  show({ text, tone });
  if (tone === "good") timer = setTimeout(() => show(null), SHOWN_MS);
}

function show(next: Notice | null): void {
  clearTimeout(timer);
  notice.set(next);
}

export function Notices() {
  const shown = useSyncExternalStore(notice.subscribe, notice.get);
  return (
    <div className="notices no-print" role="status">
      {shown && (
        <div className="notice">
          {shown.tone === "good" ? <Check /> : <Warning />}
          <span>{shown.text}</span>
          <Button kind="quiet" aria-label="Dismiss" onPress={() => show(null)}>
            <Close />
          </Button>
        </div>
      )}
    </div>
  );
}
