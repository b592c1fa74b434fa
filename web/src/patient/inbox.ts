/** The inbox of whoever is signed in. Query keys begin with "inbox", so that reading one entry renews all views of it. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { CSRF, notify, take } from "../api/client";
import type { components } from "../api/notify";
import { usePages } from "../api/pages";
import { showBadge } from "../session/push";

export type Notification = components["schemas"]["NotificationPublic"];

/** What is not opened yet: the newest, and how many there are. The app's icon shows the number too. */
export function useUnread() {
  const query = useQuery({
    queryKey: ["inbox", "unread"],
    queryFn: () => take(notify.GET("/api/notifications", { params: { query: { unread: true } } })),
  });
  const count = query.data?.unread_count;
  useEffect(() => {
    if (count !== undefined) showBadge(count);
  }, [count]);
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
  const client = useQueryClient();
  return useMutation({
    mutationFn: (ids: readonly string[]) => Promise.all(ids.map(markRead)),
    onSettled: () => client.invalidateQueries({ queryKey: ["inbox"] }),
  });
}

async function markRead(id: string): Promise<void> {
  const params = { path: { notification_id: id }, header: CSRF };
  await take(notify.POST("/api/notifications/{notification_id}/read", { params }));
}

/** The unread notifications that lead to an address of the app. */
export async function unreadAbout(url: string): Promise<string[]> {
  const query = { unread: true, limit: 100 };
  const { items } = await take(notify.GET("/api/notifications", { params: { query } }));
  return items.filter((one) => one.url === url).map(({ id }) => id);
}
