/// <reference lib="webworker" />
/**
 * The service worker. It keeps the shell of the app, which holds nothing about anybody, and nothing else: no answer of
 * the API is ever stored. A push message brings one of a few constant texts and an id that means nothing to others.
 */

import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { isAppPath } from "./app/paths";
import type { FromWorker, ToWorker } from "./session/workerMessages";

declare const self: ServiceWorkerGlobalScope;

const FALLBACK_TITLE = "There is something new for you in Quill";

precacheAndRoute(self.__WB_MANIFEST, { cleanURLs: false, directoryIndex: "" });
cleanupOutdatedCaches();
registerRoute(
  ({ request, url, sameOrigin }) => sameOrigin && request.mode === "navigate" && isAppPath(url.pathname),
  createHandlerBoundToURL("/index.html"),
);

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event: ExtendableMessageEvent & { data: ToWorker }) => {
  if (event.data.kind === "take-over") void self.skipWaiting();
  if (event.data.kind === "signed-out") event.waitUntil(closeShown());
});

/** Whoever comes next is not to see what the one before was told of. */
async function closeShown(): Promise<void> {
  for (const each of await self.registration.getNotifications()) each.close();
}

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data: PushMessageData | null): Promise<void> {
  const { title = FALLBACK_TITLE, notification_id: id = "" } = parse(data);
  await self.registration.showNotification(title, {
    body: "Open Quill to read it.",
    tag: id || "quill",
    icon: "/icon-192.png",
    badge: "/badge-96.png",
    lang: "en-GB",
    data: { id },
  });
  await self.navigator.setAppBadge?.().catch(() => {});
  await tellAll({ kind: "pushed" });
}

function parse(data: PushMessageData | null): { title?: string; notification_id?: string } {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.id ?? ""));
});

/** The app knows the way from a notification to what it is about, once its reader is signed in. */
async function open(id: string): Promise<void> {
  const client = (await windows()).find(({ url }) => isAppPath(new URL(url).pathname));
  if (!client) return void (await self.clients.openWindow(`/notifications#${id}`));
  tell(client, { kind: "open-notification", id });
  await client.focus();
}

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(resubscribe(event as PushSubscriptionChangeEvent)));

/** The browser has changed the address of its pushes. Only a signed-in page can tell the server; without one, the next does. */
async function resubscribe({ oldSubscription, newSubscription }: PushSubscriptionChangeEvent): Promise<void> {
  if (!newSubscription && oldSubscription) {
    await self.registration.pushManager.subscribe(oldSubscription.options).catch(() => {}); // who is told tries again
  }
  await tellAll({ kind: "subscription-changed" });
}

async function windows(): Promise<readonly WindowClient[]> {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

async function tellAll(message: FromWorker): Promise<void> {
  for (const client of await windows()) tell(client, message);
}

function tell(client: Client, message: FromWorker): void {
  client.postMessage(message);
}
