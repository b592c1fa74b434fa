import { useState } from "react";

/** Whether it was so at least once since this part of the screen is here: what is typed stays when an answer changes. */
export function useEver(now: boolean): boolean {
  const [ever, setEver] = useState(now);
  if (now && !ever) setEver(true);
  return ever || now;
}
