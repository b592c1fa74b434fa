/** What a screen keeps in its entry of the history, and in no address, since it names people: going back finds it again. */

import { useEffect, useState } from "react";
import { useLocation, useNavigate, useNavigationType } from "react-router";
import { useUser } from "../session/useSession";
import { useDebounced } from "../ui/useDebounced";

const SETTLED_MS = 250;

/** On a desk that people share, the entries of whoever was here before are still there. */
interface Kept<T> {
  userId: string;
  value: T;
}

/**
 * A value, how to change it, and the value once it has settled, which is then kept for the same user.
 *
 * `initial` is what another entry begins with, and another user: the same object each time.
 */
export function useKept<T>(initial: T): readonly [T, (value: T) => void, T] {
  const { id: userId } = useUser();
  const { state, key } = useLocation();
  const kept: Kept<T> | undefined = state?.kept?.userId === userId ? state.kept : undefined;
  const held = kept ? kept.value : initial;
  const [value, setValue] = useState(held);
  const settled = useDebounced(value, SETTLED_MS);
  const navigate = useNavigate();
  const arrival = useNavigationType();
  useEffect(() => {
    if (arrival !== "REPLACE") setValue(held); // another entry of the same screen, by the menu or the way back
  }, [key]);
  useEffect(() => {
    if (settled === held) return;
    void navigate(".", { replace: true, state: { kept: { userId, value: settled } }, preventScrollReset: true });
  }, [settled]);
  return [value, setValue, settled];
}
