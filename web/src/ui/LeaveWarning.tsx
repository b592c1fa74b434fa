import type { ReactNode } from "react";
import { useUnsaved } from "../app/unsaved";
import { Confirm } from "./Dialog";

interface Props {
  isUnsaved: boolean;
  title: string;
  children: ReactNode;
}

/** Asks before a screen is left while something on it would be lost. */
export function LeaveQuestion({ isUnsaved, title, children }: Props) {
  const blocker = useUnsaved(isUnsaved);
  return (
    <Confirm
      title={title}
      isOpen={blocker.state === "blocked"}
      onClose={() => blocker.reset?.()}
      onConfirm={() => blocker.proceed?.()}
      confirm="Leave"
    >
      <p>{children}</p>
    </Confirm>
  );
}

/** The same for what was typed. */
export function LeaveWarning({ isUnsaved, what }: { isUnsaved: boolean; what: string }) {
  return (
    <LeaveQuestion isUnsaved={isUnsaved} title="Leave without saving?">
      {what} is not sent yet, and will be lost.
    </LeaveQuestion>
  );
}
