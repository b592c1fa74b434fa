import { useSyncExternalStore } from "react";
import { isOffline, subscribe } from "../api/network";

/** Says that Quill cannot be reached, for as long as it is so. */
export function OfflineBanner() {
  const offline = useSyncExternalStore(subscribe, isOffline);
  return (
    <div role="status">
      {offline && (
        <div className="strip">
          Quill cannot be reached. What you have typed stays here; we keep trying.
        </div>
      )}
    </div>
  );
}
