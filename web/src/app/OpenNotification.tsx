/** Leads from a notification that was clicked to what it is about, as soon as its reader is signed in. */

import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { CSRF, notify, take } from "../api/client";
import type { FromWorker } from "../session/workerMessages";
import { useSessionState } from "../session/useSession";

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
    void destination(id).then((url) => navigate(url, { replace: clickedAtStart() !== undefined }));
  }, [id, status, navigate]);
  return null;
}

function listen(onClick: (id: string) => void): () => void {
  const hear = ({ data }: MessageEvent<FromWorker>): void => {
    if (data.kind === "open-notification") onClick(data.id);
    if (data.kind === "subscription-changed") void import("../session/push").then(({ registerAgain }) => registerAgain());
  };
  navigator.serviceWorker?.addEventListener("message", hear);
  return () => navigator.serviceWorker?.removeEventListener("message", hear);
}

/** Its page, and the notification is read; the inbox where it is not among the newest. */
async function destination(id: string): Promise<string> {
  try {
    const inbox = await take(notify.GET("/api/notifications", { params: { query: { limit: 100 } } }));
    const clicked = inbox.items.find((one) => one.id === id);
    if (!clicked) return "/notifications";
    const path = { notification_id: id };
    await take(notify.POST("/api/notifications/{notification_id}/read", { params: { path, header: CSRF } }));
    return clicked.url;
  } catch {
    return "/notifications";
  }
}
