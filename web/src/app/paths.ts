/** The addresses of the app. The service worker answers them with the shell; a test holds the Caddyfile to them. */

const PATHS = [
  "/",
  "/sign-in",
  "/register",
  "/activate",
  "/account",
  "/accessibility",
  "/patients",
  "/patients/new",
  "/patients/:id",
  "/patients/:id/letters",
  "/patients/:id/letters/new",
  "/patients/:id/letters/:uid",
  "/patients/:id/letters/:uid/amend",
  "/patients/:id/letters/:uid/versions",
  "/letters",
  "/letters/:uid",
  "/link",
  "/notifications",
  "/record-access",
  "/install",
  "/admin/users",
  "/admin/users/new",
  "/admin/users/:id",
  "/admin/webhooks",
  "/admin/webhooks/new",
  "/admin/audit",
  "/admin/health",
] as const;

export type Path = (typeof PATHS)[number];

/** Which of the app's addresses this is; one without parameters goes before one that has some. */
export function pathOf(pathname: string): Path | undefined {
  return PATHS.find((path) => path === pathname) ?? PATHS.find((path) => pattern(path).test(pathname));
}

/** Whether an address is one of the app's. */
export function isAppPath(pathname: string): boolean {
  return pathOf(pathname) !== undefined;
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`);
}
