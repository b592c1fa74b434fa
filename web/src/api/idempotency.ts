/** Keys that make it safe to send the same thing again after a lost connection. */

import { useRef } from "react";

/**
 * One key for as long as the content stays the same: a retry of the same letter carries the same key, a changed letter a
 * new one.
 */
export function useIdempotencyKey(): (content: unknown) => string {
  const last = useRef<{ content: string; key: string } | null>(null);
  return (content) => {
    const text = JSON.stringify(content);
    if (last.current?.content !== text) last.current = { content: text, key: crypto.randomUUID() };
    return last.current.key;
  };
}
