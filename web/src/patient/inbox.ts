/** The inbox of whoever is signed in. Query keys begin with "inbox", so that reading one entry renews all views of it. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { CSRF, notify, take } from "../api/client";
import type { components } from "../api/notify";
import { usePages } from "../api/pages";
import { queries } from "../api/queries";
import { letterKeys } from "../letters/requests";
import { showBadge } from "../session/push";
import { getSession } from "../session/store";

export type Notification = components["schemas"]["NotificationPublic"];

/** What is not opened yet: the newest, and how many there are. The app's icon shows the number too. */
export function useUnread() {
  const query = useQuery({
    queryKey: ["inbox", "unread"],
    queryFn: () => take(notify.GET("/api/notifications", { params: { query: { unread: true } } })),
  });
  const { data, dataUpdatedAt } = query;
  const count = data?.unread_count;
  useEffect(() => {
    if (count !== undefined) showBadge(count);
  }, [count, dataUpdatedAt]); // the worker has put its own sign there meanwhile
  return query;
}

/** The whole inbox, or what is unread in it. */
export function useInbox(unread: boolean) {
  return usePages(["inbox", "pages", unread], (cursor) =>
    take(notify.GET("/api/notifications", { params: { query: { unread, cursor } } })),
  );
}

/** Notes that notifications were opened. */
export function useMarkRead() {
  return useMutation({ mutationFn: (ids: readonly string[]) => Promise.all(ids.map(markRead)), onSettled: renewInbox });
}

function renewInbox(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["inbox"] });
}

/** What a push may be about is read anew where it is on the screen. */
export function renewAfterPush(): void {
  void renewInbox();
  const patientId = getSession()?.user.patient_id;
  if (patientId) void queries.invalidateQueries({ queryKey: letterKeys.all(patientId) });
}

async function markRead(id: string): Promise<void> {
  const params = { path: { notification_id: id }, header: CSRF };
  await take(notify.POST("/api/notifications/{notification_id}/read", { params }));
}

/** Where a notification leads that is opened, and so read: the inbox where it is not among the newest. */
export async function openNotification(id: string): Promise<string> {
  const inbox = await take(notify.GET("/api/notifications", { params: { query: { limit: 100 } } }));
  const opened = inbox.items.find((one) => one.id === id);
  if (!opened) return "/notifications";
  // The way is known, whatever becomes of this.
  void markRead(id).then(renewInbox, () => {});
  return opened.url;
}

/** The unread notifications that lead to an address of the app. */
export async function unreadAbout(url: string): Promise<string[]> {
  const query = { unread: true, limit: 100 };
  const { items } = await take(notify.GET("/api/notifications", { params: { query } }));
  return items.filter((one) => one.url === url).map(({ id }) => id);
}
