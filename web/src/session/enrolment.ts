/** Whether a service refused to go on until this account has a second factor. */

import { subscribe } from "./store";

let isDue = false;
const listeners = new Set<() => void>();

export const isEnrolmentDue = (): boolean => isDue;

export function subscribeEnrolment(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function demandEnrolment(due: boolean): void {
  if (isDue === due) return;
  isDue = due;
  for (const listener of listeners) listener();
}

subscribe((state) => {
  if (state.status === "out") demandEnrolment(false);
});
