/** The letters of the patient who is signed in. */

import { usePages } from "../api/pages";
import { letterKeys, readLetters } from "../letters/requests";

/** Newest first, a page at a time. */
export function useOwnLetters(patientId: string) {
  return usePages(letterKeys.list(patientId), (cursor) => readLetters(patientId, cursor));
}
