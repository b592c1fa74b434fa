/** Refusals as problem+json (RFC 9457) brings them, and a network that does not answer. Screens decide by `type`. */

export interface FieldError {
  loc: (string | number)[];
  type: string;
  msg: string;
}

interface Body {
  type?: unknown;
  errors?: unknown;
  challenge?: unknown;
  /** Of an OperationOutcome, as refusals are under /api/fhir. */
  issue?: unknown;
}

interface Issue {
  details?: { coding?: { system?: string; code?: string }[] };
}

/** A request that was refused, or that never got an answer (`type` is then "offline"). */
export class Problem extends Error {
  constructor(
    /** The last part of the problem's type, such as "version-stale". */
    readonly type: string,
    readonly status: number,
    readonly details: {
      errors?: FieldError[];
      challenge?: string;
      /** Seconds to wait before the next try. */
      retryAfter?: number;
      requestId?: string;
    } = {},
  ) {
    super(type);
    this.name = "Problem";
  }

  /** Whether the same request may do better in a moment. */
  get isTransient(): boolean {
    return this.type === "offline" || this.status === 503;
  }
}

export const OFFLINE = new Problem("offline", 0);

/** Whether a failure is a problem of that type. */
export function isProblem(error: unknown, type: string): error is Problem {
  return error instanceof Problem && error.type === type;
}

/** The problem that an answer states; its `title` and `detail` are for developers and are not kept. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: Body = await response.json().catch(() => ({}));
  return problemFrom(body, response);
}

/** The same from a body that was read already. */
export function problemFrom(body: Body | undefined, response: Response): Problem {
  const retryAfter = Number(response.headers.get("Retry-After"));
  return new Problem(typeOf(body), response.status, {
    errors: Array.isArray(body?.errors) ? (body.errors as FieldError[]) : undefined,
    challenge: typeof body?.challenge === "string" ? body.challenge : undefined,
    retryAfter: retryAfter > 0 ? retryAfter : undefined,
    requestId: response.headers.get("X-Request-Id") ?? undefined,
  });
}

function typeOf(body: Body | undefined): string {
  if (typeof body?.type === "string") return body.type.replace(/^\/problems\//, "");
  const [issue] = Array.isArray(body?.issue) ? (body.issue as Issue[]) : [];
  const type = issue?.details?.coding?.find(({ system }) => system === "urn:quill:problems")?.code ?? "unknown";
  return type === "invalid" ? "patient-refused" : type; // its places are FHIR's, not fields of a form
}
