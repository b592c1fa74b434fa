/** This device's notifications: whether they can be had, switching them on and off, and keeping the server informed. */

import { CSRF, notify, take } from "../api/client";
import { Problem } from "../api/problem";
import { queries } from "../api/queries";
import { platform } from "../ui/device";
import { getSession, getState, subscribe } from "./store";
import type { ToWorker } from "./workerMessages";

/** install-first: this browser gives notifications only to the installed app (iPhone and iPad). */
export type PushState = "unsupported" | "install-first" | "blocked" | "off" | "on";

/** Key of `pushState` in the query cache. */
export const PUSH_STATE = ["push-state"];

/** For whom notifications were switched on in this browser: another user of it is not to get them unasked. */
const OWNER = "quill-notifications-of";
/** As what the server knew this browser last: the device's id, in which session, and where its pushes went. */
const DEVICE = "quill-notifications-device";
const READY_MS = 10_000;
const UNAVAILABLE = new Problem("push-unavailable", 0);

export async function pushState(): Promise<PushState> {
  if (!isSupported()) return platform() === "apple" ? "install-first" : "unsupported";
  if (Notification.permission === "denied") return "blocked";
  return isOurs() && (await subscription()) ? "on" : "off";
}

/** Whether whoever is signed in wants notifications in this browser. */
function isOurs(): boolean {
  return localStorage.getItem(OWNER) === getSession()?.user.id;
}

function isSupported(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | null> {
  if (Notification.permission !== "granted") return null;
  const worker = await navigator.serviceWorker.getRegistration();
  return (await worker?.pushManager.getSubscription()) ?? null;
}

/** Ask the browser, subscribe and tell the server. To be called from a press of a button, after an explanation. */
export async function switchPushOn(): Promise<PushState> {
  if ((await Notification.requestPermission()) !== "granted") return pushState();
  await register(await subscribeWith(await serverKey()));
  localStorage.setItem(OWNER, getSession()?.user.id ?? "");
  return pushState();
}

async function serverKey(): Promise<Uint8Array<ArrayBuffer>> {
  return bytes((await take(notify.GET("/api/push/public-key"))).public_key);
}

async function subscribeWith(applicationServerKey: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
  const { pushManager } = await ready();
  const wanted = { userVisibleOnly: true, applicationServerKey };
  try {
    return await pushManager.subscribe(wanted);
  } catch {
    // One that was made with an older key of the server stands in the way of a new one.
    await (await pushManager.getSubscription())?.unsubscribe();
  }
  return pushManager.subscribe(wanted).catch(() => {
    throw UNAVAILABLE;
  });
}

async function ready(): Promise<ServiceWorkerRegistration> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(UNAVAILABLE), READY_MS));
  return Promise.race([navigator.serviceWorker.ready, late]);
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

/** Nothing is sent here any more. */
export async function switchPushOff(): Promise<PushState> {
  const device = await subscription();
  if (device) {
    const params = { path: { device_id: await register(device) }, header: CSRF };
    await take(notify.DELETE("/api/push/registrations/{device_id}", { params }));
  }
  return forgetDevice();
}

/** Whether this browser is the device of that id. */
export const isThisDevice = (id: string): boolean => known()[0] === id;

function known(): string[] {
  return localStorage.getItem(DEVICE)?.split(" ") ?? [];
}

/** What the server no longer knows is switched off here as well. */
export async function forgetDevice(): Promise<PushState> {
  await (await subscription())?.unsubscribe();
  localStorage.removeItem(OWNER);
  localStorage.removeItem(DEVICE);
  void queries.invalidateQueries({ queryKey: PUSH_STATE });
  return pushState();
}

/** The id of this device; registering it again changes nothing but whose session it belongs to. */
async function register(device: PushSubscription): Promise<string> {
  const { endpoint = "", keys = {}, expirationTime = null } = device.toJSON();
  const body = { endpoint, keys: { p256dh: keys.p256dh ?? "", auth: keys.auth ?? "" }, expirationTime };
  const { id } = await take(notify.POST("/api/push/register", { params: { header: CSRF }, body }));
  localStorage.setItem(DEVICE, [id, sessionId(), endpoint].join(" "));
  return id;
}

/** Of the session that the access token (RFC 7519) belongs to. */
function sessionId(): string {
  const [, claims = ""] = getSession()?.accessToken.split(".") ?? [];
  return JSON.parse(new TextDecoder().decode(bytes(claims))).sid;
}

/** The server deletes a device with the session that it came with: after a sign-in it is told again. */
export function keepRegistered(): void {
  registerAgain();
  subscribe((state, before) => {
    if (state.status === "in" && before.status !== "in") registerAgain();
    if (state.status !== "out") return;
    showBadge(0);
    if ("session" in before) tellWorker({ kind: "signed-out" });
  });
}

/** Tell the server where pushes go now: after a sign-in, or when the browser has changed their address. */
export function registerAgain(): void {
  reregister().catch(() => {}); // the next start tries again
}

async function reregister(): Promise<void> {
  if (getState().status !== "in") return;
  await endPushesOfOthers();
  if (!isSupported() || Notification.permission !== "granted" || !isOurs()) return;
  if (await wasRemoved()) return void (await forgetDevice());
  await register(await subscriptionOfToday());
  void queries.invalidateQueries({ queryKey: PUSH_STATE });
}

/** By its owner, in another browser; the server itself removes it with its session, and where the browser has given it up. */
async function wasRemoved(): Promise<boolean> {
  const [id, session, endpoint] = known();
  if (id === undefined || session !== sessionId() || endpoint !== (await subscription())?.endpoint) return false;
  const { items } = await take(notify.GET("/api/push/registrations", { params: { query: { limit: 100 } } }));
  return !items.some((device) => device.id === id);
}

/** Who switched notifications on in this browser and has left it to somebody else gets them here no more. */
async function endPushesOfOthers(): Promise<void> {
  const owner = localStorage.getItem(OWNER);
  if (owner === null || owner === getSession()?.user.id) return;
  await (await subscription())?.unsubscribe();
  localStorage.removeItem(OWNER);
}

/** What the browser has given up, or what was subscribed with an older key of the server, gets nothing: it is made anew. */
async function subscriptionOfToday(): Promise<PushSubscription> {
  const [device, key] = await Promise.all([subscription(), serverKey()]);
  return device && isFor(device, key) ? device : subscribeWith(key);
}

function isFor({ options: { applicationServerKey: held } }: PushSubscription, key: Uint8Array): boolean {
  return held === null || new Uint8Array(held).join() === key.join();
}

/** The number on the app's icon, where there is such a thing. */
export function showBadge(unread: number): void {
  void (unread > 0 ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.())?.catch(() => {});
}

/** The worker lives on while this page is left. */
function tellWorker(message: ToWorker): void {
  navigator.serviceWorker?.controller?.postMessage(message);
}
