/** The session of this tab. Its tokens live in memory only: a reload asks for new ones, and a closed tab forgets them. */

import type { components } from "../api/auth";
import { observable } from "../app/observable";

export type User = components["schemas"]["User"];
export type Role = User["roles"][number];

export interface Session {
  accessToken: string;
  csrfToken: string;
  user: User;
  /** When the server gave it, and until when it takes it: milliseconds since 1970, by this machine's clock. */
  since: number;
  expiresAt: number;
}

/**
 * restoring: at start, until the cookie was tried · unreachable: the same, and nobody answered · out: signed out ·
 * in: signed in · expired: the session ended while somebody was at work, whose screen stays until they sign in again.
 */
export type State =
  | { status: "restoring" | "unreachable" | "out" }
  | { status: "in"; session: Session }
  | { status: "expired"; session: Session };

export const { get: getState, set: setState, subscribe } = observable<State>({ status: "restoring" });

/** The session, also when it has expired. */
export function getSession(): Session | undefined {
  const state = getState();
  return "session" in state ? state.session : undefined;
}

/** What an answer of auth becomes here. */
export function sessionOf(answer: components["schemas"]["Session"]): Session {
  return {
    accessToken: answer.access_token,
    csrfToken: answer.csrf_token,
    user: answer.user,
    since: Date.now(),
    expiresAt: Date.now() + answer.expires_in * 1000,
  };
}
