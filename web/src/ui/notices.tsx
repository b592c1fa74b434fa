/** Short words about what was just done ("Letter sent"), at the foot of the screen and for screen readers. */

import { useSyncExternalStore } from "react";
import { observable } from "../app/observable";
import { Button } from "./Button";
import { Check, Close } from "./icons";
import "./notices.css";

const SHOWN_MS = 8_000;

const notice = observable("");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Tell the person; the words stay for eight seconds, over a change of screens too. */
export function tell(text: string): void {
  show(text);
  timer = setTimeout(() => show(""), SHOWN_MS);
}

function show(text: string): void {
  clearTimeout(timer);
  notice.set(text);
}

export function Notices() {
  const text = useSyncExternalStore(notice.subscribe, notice.get);
  return (
    <div className="notices no-print" role="status">
      {text && (
        <div className="notice">
          <Check />
          <span>{text}</span>
          <Button kind="quiet" aria-label="Dismiss" onPress={() => show("")}>
            <Close />
          </Button>
        </div>
      )}
    </div>
  );
}
