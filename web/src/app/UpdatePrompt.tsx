import { useState, useSyncExternalStore } from "react";
import { Button } from "../ui/Button";
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
      {isAsking ? (
        <>
          What you have typed is not sent yet, and would be lost. You can finish first.
          <Button onPress={load}>Load it and lose what I typed</Button>
          <Button autoFocus onPress={() => setAsking(false)}>
            Not now
          </Button>
        </>
      ) : (
        <>
          A new version of Quill is ready.
          <Button onPress={() => (hasUnsavedWork() ? setAsking(true) : load())}>Load it now</Button>
        </>
      )}
    </div>
  );
}
