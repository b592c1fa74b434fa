/** Hears the service worker: a notification that was clicked leads to what it is about, as soon as its reader is signed in. */

import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import type { FromWorker } from "../session/workerMessages";
import { useSessionState } from "../session/useSession";

/** Nobody needs it before they are signed in. */
const loadInbox = () => import("../patient/inbox");

/** "/notifications#<id>" is how the service worker opens the app. */
function clickedAtStart(): string | undefined {
  const { pathname, hash } = window.location;
  return pathname === "/notifications" && hash.length > 1 ? hash.slice(1) : undefined;
}

export function OpenNotification() {
  const [id, setId] = useState(clickedAtStart);
  const { status } = useSessionState();
  const navigate = useNavigate();
  useEffect(() => listen(setId), []);
  useEffect(() => {
    if (id === undefined || status !== "in") return;
    setId(undefined);
    // Only the address that the worker has made up is not worth going back to.
    void destinationOf(id).then((url) => navigate(url, { replace: clickedAtStart() !== undefined }));
  }, [id, status, navigate]);
  return null;
}

function listen(onClick: (id: string) => void): () => void {
  const hear = ({ data }: MessageEvent<FromWorker>): void => {
    if (data.kind === "open-notification") onClick(data.id);
    if (data.kind === "pushed") void loadInbox().then(({ renewAfterPush }) => renewAfterPush());
    if (data.kind === "subscription-changed") void import("../session/push").then(({ registerAgain }) => registerAgain());
  };
  navigator.serviceWorker?.addEventListener("message", hear);
  return () => navigator.serviceWorker?.removeEventListener("message", hear);
}

async function destinationOf(id: string): Promise<string> {
  return loadInbox().then(({ openNotification }) => openNotification(id)).catch(() => "/notifications");
}
