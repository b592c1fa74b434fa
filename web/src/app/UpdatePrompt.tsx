import { useState, useSyncExternalStore } from "react";
import { Button } from "../ui/Button";
import { Confirm } from "../ui/Dialog";
import { forgetUnsaved, hasUnsavedWork } from "./unsaved";
import { hasUpdate, subscribeWorker, update } from "./worker";

/** Offers a new version, and never loads it by itself: somebody may be writing. */
export function UpdatePrompt() {
  const isReady = useSyncExternalStore(subscribeWorker, hasUpdate);
  const [isAsking, setAsking] = useState(false);
  if (!isReady) return null;
  const load = (): void => {
    forgetUnsaved();
    update();
  };
  return (
    <div className="strip" data-tone="info" role="status">
      A new version of Quill is ready.
      <Button onPress={() => (hasUnsavedWork() ? setAsking(true) : load())}>Load it now</Button>
      <Confirm
        title="Load the new version now?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={load}
        confirm="Load it and lose what I typed"
      >
        <p>You have typed something that is not sent yet, and it would be lost. You can finish first.</p>
      </Confirm>
    </div>
  );
}
