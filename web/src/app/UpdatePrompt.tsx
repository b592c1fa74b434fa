import { useState, useSyncExternalStore } from "react";
import { Button } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { hasUnsavedWork } from "./unsaved";
import { subscribeWorker, update, waitingWorker } from "./worker";

/** Offers a new version, and never loads it by itself: somebody may be writing. */
export function UpdatePrompt() {
  const worker = useSyncExternalStore(subscribeWorker, waitingWorker);
  const [isAsking, setAsking] = useState(false);
  if (!worker) return null;
  return (
    <div className="strip" data-tone="info" role="status">
      A new version of Quill is ready.
      <Button onPress={() => (hasUnsavedWork() ? setAsking(true) : update())}>Load it now</Button>
      <Confirm
        title="Load the new version now?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={update}
        confirm="Load it and lose what I typed"
      >
        <p>You have typed something that is not sent yet, and it would be lost. You can finish first.</p>
      </Confirm>
    </div>
  );
}
