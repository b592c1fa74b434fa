/** What is wrong in a form, told from the first time that somebody sends it; what is wrong is not sent. */

import { useState } from "react";

/**
 * @param found what is wrong now, by field
 * @param send sends the form; called only when nothing is wrong
 */
export function useMistakes(found: Record<string, string>, send: () => void) {
  const [attempt, setAttempt] = useState(0);
  const submit = (): void => {
    setAttempt(attempt + 1);
    if (Object.keys(found).length === 0) send();
  };
  return { attempt, mistakes: attempt > 0 ? found : {}, submit };
}
