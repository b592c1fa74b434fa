/** The start page: staff begin elsewhere. */

import type { ReactNode } from "react";
import { Navigate } from "react-router";
import { useSession } from "../session/useSession";
import { startOf } from "./screens";

export function Home({ children }: { children: ReactNode }) {
  const start = startOf(useSession()?.user.roles ?? []);
  return start === "/" ? children : <Navigate to={start} replace />;
}
