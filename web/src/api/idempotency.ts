/** Keys that make it safe to send the same thing again after a lost connection. */

import { useState } from "react";
import { Problem } from "./problem";

type WithKey = <T>(content: unknown, send: (key: string) => Promise<T>) => Promise<T>;

/**
 * One key for as long as the content stays the same: a retry of the same letter carries the same key, a changed letter a
 * new one. A refusal is the answer that its key has for good, so that whoever tries again after one begins anew.
 */
export function createKeys(): WithKey {
  let last: { content: string; key: string } | undefined;
  return async (content, send) => {
    const text = JSON.stringify(content);
    if (last?.content !== text) last = { content: text, key: crypto.randomUUID() };
    try {
      return await send(last.key);
    } catch (error) {
      if (isSettled(error)) last = undefined;
      throw error;
    }
  };
}

export function useIdempotencyKey(): WithKey {
  const [withKey] = useState(createKeys);
  return withKey;
}

/** Whether it is known that nothing was done and nothing will be. */
function isSettled(error: unknown): boolean {
  return error instanceof Problem && error.status === 409 && error.type !== "being-worked-on";
}
