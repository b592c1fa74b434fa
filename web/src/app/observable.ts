/** A value outside of React that screens follow, by `useSyncExternalStore(one.subscribe, one.get)`. */

type Listener<T> = (now: T, before: T) => void;

interface Observable<T> {
  get: () => T;
  /** Another value, of which all who follow are told. */
  set: (next: T) => void;
  /** Follow it; the returned function ends that. */
  subscribe: (listener: Listener<T>) => () => void;
}

export function observable<T>(initial: T): Observable<T> {
  let value = initial;
  const listeners = new Set<Listener<T>>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      const before = value;
      value = next;
      for (const listener of [...listeners]) listener(next, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
