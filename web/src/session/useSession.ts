import { useSyncExternalStore } from "react";
import { isEnrolmentDue, subscribeEnrolment } from "./enrolment";
import { isWarned, subscribeWarned } from "./idle";
import { getSession, getState, type Session, type State, subscribe } from "./store";

/** Who is signed in; also while their session has expired and their screen waits for them. */
export function useSession(): Session | undefined {
  return useSyncExternalStore(subscribe, getSession);
}

export function useSessionState(): State {
  return useSyncExternalStore(subscribe, getState);
}

/** The signed-in user, on screens that the guard protects. */
export function useUser(): Session["user"] {
  const session = useSession();
  if (!session) throw new Error("this screen needs a signed-in user");
  return session.user;
}

/** Whether this account's role needs a second factor, and has none yet. */
export function useMustEnrol(): boolean {
  return useSyncExternalStore(subscribeEnrolment, isEnrolmentDue);
}

/** Whether the person is asked if they are still there. */
export function useIdleWarning(): boolean {
  return useSyncExternalStore(subscribeWarned, isWarned);
}
