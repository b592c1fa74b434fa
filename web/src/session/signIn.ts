/** The two steps of signing in: the password, and the code of the authenticator where the account has one. */

import { anonymous, take } from "../api/client";
import { isProblem } from "../api/problem";
import { sessionOf, type Session } from "./store";

export type Step = { session: Session } | { challenge: string };

/** A session, or the challenge that a code must answer within five minutes. */
export async function presentPassword(username: string, password: string): Promise<Step> {
  try {
    return { session: sessionOf(await take(anonymous.POST("/api/auth/login", { body: { username, password } }))) };
  } catch (error) {
    if (isProblem(error, "totp-required") && error.details.challenge) return { challenge: error.details.challenge };
    throw error;
  }
}

/** A session, for the challenge and six digits or a recovery code. */
export async function presentCode(challenge: string, code: string): Promise<Session> {
  const body = { challenge, code: code.trim() };
  return sessionOf(await take(anonymous.POST("/api/auth/login/totp", { body })));
}
