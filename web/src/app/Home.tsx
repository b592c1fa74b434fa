/** The start page: each role's own. */

import { lazy } from "react";
import { Navigate } from "react-router";
import { useSession } from "../session/useSession";
import { Guard } from "./Guard";

const PatientHome = lazy(() => import("../patient/Home"));

export function Home() {
  const roles = useSession()?.user.roles ?? [];
  if (roles.includes("clinician")) return <Navigate to="/patients" replace />;
  if (roles.includes("admin")) return <Navigate to="/admin/users" replace />;
  return (
    <Guard roles={["patient"]}>
      <PatientHome />
    </Guard>
  );
}
