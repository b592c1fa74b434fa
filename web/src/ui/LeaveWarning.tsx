import { useUnsaved } from "../app/unsaved";
import { Confirm } from "./Dialog";

/** Asks before a screen with unsaved text is left. */
export function LeaveWarning({ isUnsaved, what }: { isUnsaved: boolean; what: string }) {
  const blocker = useUnsaved(isUnsaved);
  return (
    <Confirm
      title="Leave without saving?"
      isOpen={blocker.state === "blocked"}
      onClose={() => blocker.reset?.()}
      onConfirm={() => blocker.proceed?.()}
      confirm="Leave"
    >
      <p>{what} is not sent yet, and will be lost.</p>
    </Confirm>
  );
}
