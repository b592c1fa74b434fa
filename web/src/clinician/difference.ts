/** What differs between two texts, word by word. Loaded only where texts are compared. */

import { diffWordsWithSpace } from "diff";

export interface Piece {
  text: string;
  kind: "same" | "added" | "removed";
}

const PATIENCE_MS = 2_000;

/** Undefined when the texts differ too much to be compared in time. */
export function differenceOf(from: string, to: string): Piece[] | undefined {
  const changes = diffWordsWithSpace(from, to, { timeout: PATIENCE_MS });
  return changes?.map(({ value, added, removed }) => ({
    text: value,
    kind: added ? "added" : removed ? "removed" : "same",
  }));
}
