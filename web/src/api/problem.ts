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
  resourceType?: unknown;
}

/** Under /api/fhir refusals are OperationOutcomes, which name neither a type nor a field of our forms. */
const FHIR_TYPES: Record<number, string> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  409: "nhs-number-taken",
  422: "patient-refused",
  429: "too-many-requests",
  500: "internal",
  503: "outcome-unknown",
};

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
  return new Problem(typeOf(body, response.status, retryAfter > 0), response.status, {
    errors: Array.isArray(body?.errors) ? (body.errors as FieldError[]) : undefined,
    challenge: typeof body?.challenge === "string" ? body.challenge : undefined,
    retryAfter: retryAfter > 0 ? retryAfter : undefined,
    requestId: response.headers.get("X-Request-Id") ?? undefined,
  });
}

function typeOf(body: Body | undefined, status: number, isToBeRepeated: boolean): string {
  if (typeof body?.type === "string") return body.type.replace(/^\/problems\//, "");
  if (body?.resourceType !== "OperationOutcome") return "unknown";
  return status === 409 && isToBeRepeated ? "being-worked-on" : (FHIR_TYPES[status] ?? "unknown");
}
