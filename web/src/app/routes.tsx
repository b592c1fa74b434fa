/** Every screen: its address, who may see it, and where its code lies. Each is loaded when it is first opened. */

import { type ComponentType, lazy } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import type { Role } from "../session/store";
import { Broken } from "./Broken";
import { Frame } from "./Frame";
import { Guard } from "./Guard";
import { Home } from "./Home";
import { NotFound } from "./NotFound";
import type { Path } from "./paths";

type Screen = () => Promise<{ default: ComponentType }>;

/** Everybody's, signed in or not. */
const PUBLIC: Partial<Record<Path, Screen>> = {
  "/sign-in": () => import("../account/SignIn"),
  "/register": () => import("../account/Register"),
  "/activate": () => import("../account/Activate"),
  "/accessibility": () => import("./Accessibility"),
};

const ALL: readonly Role[] = ["patient", "clinician", "admin"];
const PATIENT: readonly Role[] = ["patient"];
const CLINICIAN: readonly Role[] = ["clinician"];
const STAFF: readonly Role[] = ["clinician", "admin"];
const ADMIN: readonly Role[] = ["admin"];

const GUARDED: Partial<Record<Path, readonly [readonly Role[], Screen]>> = {
  "/account": [ALL, () => import("../account/Account")],
  "/notifications": [ALL, () => import("../patient/Notifications")],
  "/install": [ALL, () => import("../patient/Install")],
  "/letters": [PATIENT, () => import("../patient/Letters")],
  "/letters/:uid": [PATIENT, () => import("../patient/Letter")],
  "/link": [PATIENT, () => import("../patient/LinkRecord")],
  "/record-access": [PATIENT, () => import("../patient/RecordAccess")],
  "/patients": [STAFF, () => import("../clinician/Patients")],
  "/patients/new": [STAFF, () => import("../clinician/NewPatient")],
  "/patients/:id": [STAFF, () => import("../clinician/Patient")],
  "/patients/:id/letters": [CLINICIAN, () => import("../clinician/Letters")],
  "/patients/:id/letters/new": [CLINICIAN, () => import("../clinician/WriteLetter")],
  "/patients/:id/letters/:uid": [CLINICIAN, () => import("../clinician/Letter")],
  "/patients/:id/letters/:uid/amend": [CLINICIAN, () => import("../clinician/AmendLetter")],
  "/patients/:id/letters/:uid/versions": [CLINICIAN, () => import("../clinician/LetterVersions")],
  "/admin/users": [ADMIN, () => import("../admin/Users")],
  "/admin/users/new": [ADMIN, () => import("../admin/NewUser")],
  "/admin/users/:id": [ADMIN, () => import("../admin/User")],
  "/admin/audit": [ADMIN, () => import("../admin/Audit")],
  "/admin/health": [ADMIN, () => import("../admin/Health")],
};

function routes(): RouteObject[] {
  const open = Object.entries(PUBLIC).map(([path, load]) => ({ path, Component: lazy(load) }));
  const guarded = Object.entries(GUARDED).map(([path, [roles, load]]) => {
    const Screen = lazy(load);
    const element = (
      <Guard roles={roles}>
        <Screen />
      </Guard>
    );
    return { path, element };
  });
  return [{ path: "/", Component: Home }, ...open, ...guarded, { path: "*", Component: NotFound }];
}

export const router = createBrowserRouter([{ Component: Frame, ErrorBoundary: Broken, children: routes() }]);
