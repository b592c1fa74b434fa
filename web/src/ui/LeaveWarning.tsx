import { type ComponentType, lazy, type ReactNode, Suspense, useEffect } from "react";
import { useUnsaved } from "../app/unsaved";
import type { ConfirmProps } from "./Dialog";

/** Fetched as soon as there is something to lose, so that it is there when it is needed. */
export const LateConfirm = lazy<ComponentType<ConfirmProps>>(() =>
  import("./Dialog").then(({ Confirm }) => ({ default: Confirm })).catch(() => ({ default: Plain })),
);

/** The browser's own question, where ours could not be fetched. */
function Plain({ title, isOpen, onConfirm, onClose }: ConfirmProps) {
  useEffect(() => {
    if (isOpen) (window.confirm(title) ? onConfirm : onClose)();
  }, [isOpen]); // asked once
  return null;
}

interface Props {
  isUnsaved: boolean;
  title: string;
  children: ReactNode;
}

/** Asks before a screen is left while something on it would be lost. */
export function LeaveQuestion({ isUnsaved, title, children }: Props) {
  const blocker = useUnsaved(isUnsaved);
  if (!isUnsaved) return null;
  return (
    <Suspense>
      <LateConfirm
        title={title}
        isOpen={blocker.state === "blocked"}
        onClose={() => blocker.reset?.()}
        onConfirm={() => blocker.proceed?.()}
        confirm="Leave"
      >
        <p>{children}</p>
      </LateConfirm>
    </Suspense>
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
