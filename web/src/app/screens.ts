/** Which screen stands at which address, and who may open it. Each is fetched when it is first opened, or foreseen. */

import type { ComponentType } from "react";
import type { Role } from "../session/store";
import { type Path, pathOf } from "./paths";

type Screen = () => Promise<{ default: ComponentType }>;

/** Everybody's, signed in or not. */
export const PUBLIC: Partial<Record<Path, Screen>> = {
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

export const GUARDED: Partial<Record<Path, readonly [readonly Role[], Screen]>> = {
  "/": [PATIENT, () => import("../patient/Home")],
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
  "/admin/webhooks": [ADMIN, () => import("../admin/Webhooks")],
  "/admin/webhooks/new": [ADMIN, () => import("../admin/NewWebhook")],
  "/admin/audit": [ADMIN, () => import("../admin/Audit")],
  "/admin/health": [ADMIN, () => import("../admin/Health")],
};

/** Where people with these roles begin. */
export function startOf(roles: readonly Role[]): Path {
  if (roles.includes("clinician")) return "/patients";
  return roles.includes("admin") ? "/admin/users" : "/";
}

/**
 * Begin to fetch the screen that is about to be shown.
 *
 * @param roles of whoever is signed in, none where that is not known yet; undefined where nobody is.
 */
export function foresee(pathname: string, roles: readonly Role[] | undefined): void {
  const path = pathname === "/" ? startOf(roles ?? []) : pathOf(pathname);
  if (path === undefined) return;
  const screen = PUBLIC[path] ?? (roles ? GUARDED[path]?.[1] : PUBLIC["/sign-in"]);
  screen?.().catch(() => {}); // whoever shows it asks again
}
