/** The start page: staff begin elsewhere, and come here where they are patients too and choose their own home. */

import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { useSession } from "../session/useSession";
import { startOf } from "./screens";

/** What a link to "/" brings along that means the patient's home, and not wherever one begins. */
export const OWN_HOME = { isOwnHome: true };

export function Home({ children }: { children: ReactNode }) {
  const roles = useSession()?.user.roles ?? [];
  const { state } = useLocation();
  const start = startOf(roles);
  const isOwn = start === "/" || (roles.includes("patient") && state?.isOwnHome);
  return isOwn ? children : <Navigate to={start} replace />;
}
