/** The four services, typed from their OpenAPI documents. Every request of the app goes through `send`. */

import createClient from "openapi-fetch";
import { demandEnrolment } from "../session/enrolment";
import { renewOrAsk, usable } from "../session/session";
import type { Session } from "../session/store";
import type { paths as AuthPaths } from "./auth";
import type { paths as LettersPaths } from "./letters";
import { reached, unreached } from "./network";
import type { paths as NotifyPaths } from "./notify";
import type { paths as PatientsPaths } from "./patients";
import { OFFLINE, Problem, problemFrom, problemOf } from "./problem";

const OVER = new Set(["unauthenticated", "session-ended"]);

/** Sends a request with the session's token; once more with a new one where it was refused. */
async function send(request: Request): Promise<Response> {
  const session = await usable();
  const response = await ask(request.clone(), session);
  if (response.status === 403) await noteEnrolment(response.clone());
  if (response.status !== 401 || session === undefined) return response;
  if (!OVER.has((await problemOf(response.clone())).type)) return response;
  return ask(request, await renewOrAsk(session));
}

/** An account whose role needs a second factor is led to where it gets one, whatever it asked for. */
async function noteEnrolment(refusal: Response): Promise<void> {
  if ((await problemOf(refusal)).type === "totp-enrolment-required") demandEnrolment(true);
}

async function ask(request: Request, session: Session | undefined): Promise<Response> {
  if (session !== undefined) {
    request.headers.set("Authorization", `Bearer ${session.accessToken}`);
    if (request.method !== "GET") request.headers.set("X-CSRF-Token", session.csrfToken);
  }
  try {
    const response = await fetch(request);
    reached();
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    unreached();
    throw OFFLINE;
  }
}

const options = { baseUrl: window.location.origin, fetch: send, cache: "no-store" } as const;

export const auth = createClient<AuthPaths>(options);
/** For signing in: `send` would wait for it where the session has expired. */
export const anonymous = createClient<AuthPaths>({ ...options, fetch: (request) => ask(request, undefined) });
export const patients = createClient<PatientsPaths>(options);
export const letters = createClient<LettersPaths>(options);
export const notify = createClient<NotifyPaths>(options);

/** The header that `send` fills in; the documents require it, so calls that change something name it. */
export const CSRF = { "X-CSRF-Token": "" };

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or its Problem thrown. */
export async function take<T>(pending: Promise<Answer<T>>): Promise<T> {
  return (await takeVersioned(pending)).data;
}

/** The same with the answer's ETag, to be sent as If-Match with a change. */
export async function takeVersioned<T>(pending: Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  const { data, error, response } = await pending;
  if (!response.ok) throw problemFrom(error as object, response);
  return { data: data as T, etag: response.headers.get("ETag") ?? "" };
}

/** A file, such as a letter's PDF: what only the token opens cannot be a plain link. */
export async function takeFile(path: string): Promise<Blob> {
  const response = await send(new Request(new URL(path, window.location.origin), { cache: "no-store" }));
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** Whether trying again at once is worth it: the network, or a server that is away. Never a 4xx. */
export function isWorthRetrying(failures: number, error: unknown): boolean {
  return failures < 2 && error instanceof Problem && error.isTransient;
}
