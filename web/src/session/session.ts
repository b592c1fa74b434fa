/**
 * How a session is restored, renewed and ended, the same in all tabs of a browser.
 *
 * One refresh serves every tab: it runs under a lock of the browser, the tab that did it hands the session to the others
 * over a channel, and whoever waited for the lock takes that instead of refreshing again.
 */

import { unreached } from "../api/network";
import { OFFLINE, Problem, problemOf } from "../api/problem";
import { getSession, getState, type Session, type State, sessionOf, setState, subscribe, type User } from "./store";

const LOCK = "quill-session";
const PATIENCE_MS = 150;
const MARGIN_MS = 30_000;

type Message = { kind: "session"; session: Session } | { kind: "ask" } | { kind: "out" };

const channel = new BroadcastChannel("quill-session");

channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
  if (data.kind === "session" && !isOutdated(data.session)) adopt(data.session);
  if (data.kind === "out") leave();
  if (data.kind === "ask") answer();
});

function say(message: Message): void {
  channel.postMessage(message);
}

function answer(): void {
  const state = getState();
  if (state.status === "in" && isFresh(state.session)) say({ kind: "session", session: state.session });
}

function isFresh(session: Session | undefined): session is Session {
  return session !== undefined && session.expiresAt - Date.now() > MARGIN_MS;
}

/** Whether this tab has a newer session of the same person: what another tab tells may have been overtaken on the way. */
function isOutdated(theirs: Session): boolean {
  const ours = getSession();
  return ours?.user.id === theirs.user.id && theirs.since < ours.since;
}

/** Take a session over. Another person's must not find this one's screens. */
function adopt(session: Session): void {
  const before = getSession();
  if (before && before.user.id !== session.user.id) startAnew("/");
  else setState({ status: "in", session });
}

function leave(): void {
  if (getSession()) startAnew("/sign-in#signed-out");
  else setState({ status: "out" });
}

/** Loads the page again, so that nothing of whoever was here stays in memory. */
function startAnew(address: string): void {
  setState({ status: "out" });
  window.location.replace(address);
}

/** Whether somebody has been signed in here, and may still be. */
export const isRemembered = (): boolean => csrfCookie() !== undefined;

const PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

let nextTry: ReturnType<typeof setTimeout> | undefined;

/**
 * At start: another tab's session, or what the refresh cookie brings. While auth alone is away it is tried again, after
 * `pause` milliseconds and then ever more rarely; where nothing answers, the screen does so as soon as something does.
 */
export async function restore(pause = PAUSE_MS): Promise<void> {
  clearTimeout(nextTry);
  if (getState().status !== "unreachable") setState({ status: "restoring" });
  try {
    await renew(undefined);
  } catch (error) {
    if (getState().status === "in") return;
    if (isOver(error)) return setState({ status: "out" });
    setState({ status: "unreachable" });
    if (error !== OFFLINE) nextTry = setTimeout(() => void restore(Math.min(2 * pause, LONGEST_PAUSE_MS)), pause);
  }
}

/** Whether a refusal means that there is no session any more. Any other failure says nothing about it. */
function isOver(error: unknown): boolean {
  return error instanceof Problem && (error.status === 401 || error.status === 403);
}

/**
 * A session newer than the one that is stale, by one refresh for all tabs.
 */
async function renew(stale: Session | undefined): Promise<Session> {
  return navigator.locks.request(LOCK, () => renewLocked(stale));
}

async function renewLocked(stale: Session | undefined): Promise<Session> {
  const theirs = newer(stale) ?? (await ask(stale));
  if (theirs) return theirs;
  const session = await refresh();
  begin(session);
  return session;
}

function newer(stale: Session | undefined): Session | undefined {
  const held = getSession();
  return getState().status === "in" && isFresh(held) && held.accessToken !== stale?.accessToken ? held : undefined;
}

/** What another tab holds, if there is one: answers come within milliseconds. */
async function ask(stale: Session | undefined): Promise<Session | undefined> {
  if (!(await isAccompanied())) return undefined;
  return new Promise((resolve) => {
    const stop = subscribe(() => newer(stale) && finish());
    const timer = setTimeout(finish, PATIENCE_MS);
    say({ kind: "ask" });
    function finish(): void {
      clearTimeout(timer);
      stop();
      resolve(newer(stale));
    }
  });
}

const PRESENCE = "quill-tab";

/** Every tab holds this shared lock for as long as it lives, so that tabs know whether they are alone. */
export function beCounted(): void {
  void navigator.locks.request(PRESENCE, { mode: "shared" }, () => new Promise(() => {}));
}

async function isAccompanied(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.filter((lock) => lock.name === PRESENCE).length > 1;
}

async function refresh(): Promise<Session> {
  const csrf = csrfCookie();
  if (csrf === undefined) throw new Problem("session-ended", 401);
  return sessionOf(await (await post("/api/auth/refresh", csrf)).json());
}

function csrfCookie(): string | undefined {
  return /(?:^|; )(?:__Host-)?quill_csrf=([^;]+)/.exec(document.cookie)?.[1];
}

async function post(path: string, csrf: string): Promise<Response> {
  const response = await fetch(path, { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => {
    unreached();
    throw OFFLINE;
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** A sign-in that succeeded, in this tab and all others. */
export function begin(session: Session): void {
  adopt(session);
  say({ kind: "session", session });
}

/** Sign out everywhere in this browser. Fails when the server was not told, since the session would live on. */
export async function signOut(): Promise<void> {
  await navigator.locks.request(LOCK, () => logOut(csrfCookie() ?? getSession()?.csrfToken));
  forget();
}

async function logOut(csrf: string | undefined): Promise<void> {
  if (csrf !== undefined) await post("/api/auth/logout", csrf).catch(ignoreOver);
}

/** Nobody is there any more: the screen asks for a new session, and loading it anew does not bring the old one back. */
export function endUnused(): void {
  const csrf = getSession()?.csrfToken;
  expire();
  navigator.locks
    // Unless somebody has signed in anew in another tab, while this one was asleep.
    .request(LOCK, () => logOut(csrfCookie() === csrf ? csrf : undefined))
    .catch(() => {}); // the server ends it by itself
}

function ignoreOver(error: unknown): void {
  if (!isOver(error)) throw error;
}

/** All tabs forget the session, which the server has ended. */
export function forget(): void {
  say({ kind: "out" });
  leave();
}

/** The session ended under somebody's hands: their screen stays, and asks them to sign in again. */
export function expire(): void {
  const state = getState();
  if (state.status === "in") setState({ status: "expired", session: state.session });
}

/** The account has changed, of which the access token does not tell: every tab knows, and the next request gets a new one. */
export function updateUser(user: User): void {
  const state = getState();
  if (state.status === "in") begin({ ...state.session, user, since: Date.now(), expiresAt: 0 });
}

/** A session to send a request with: fresh, or renewed, or the one that the person signs in with anew. */
export async function usable(): Promise<Session | undefined> {
  const state = getState();
  if (state.status === "expired") return signedInAgain();
  if (state.status !== "in") return undefined;
  return isFresh(state.session) ? state.session : renewOrAsk(state.session);
}

/** A new session in place of one that was refused; waits for the person where it cannot be renewed. */
export async function renewOrAsk(stale: Session): Promise<Session> {
  try {
    return await renew(stale);
  } catch (error) {
    if (!isOver(error)) throw error;
    expire();
    return signedInAgain();
  }
}

function signedInAgain(): Promise<Session> {
  return new Promise((resolve, reject) => {
    const settle = (state: State): boolean => {
      if (state.status === "in") resolve(state.session);
      if (state.status === "out") reject(new Problem("session-ended", 401));
      return state.status === "in" || state.status === "out";
    };
    if (settle(getState())) return;
    const stop = subscribe((state) => settle(state) && stop());
  });
}
