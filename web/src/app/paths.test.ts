import { expect, it } from "vitest";
import { isAppPath, pathOf } from "./paths";

it.each(["/", "/sign-in", "/admin/webhooks/new", "/patients/7/letters/new", "/patients/7/letters/9/amend"])("%s is the app's", (path) => {
  expect(isAppPath(path)).toBe(true);
});

it.each(["/api/health", "/about.html", "/problems/csrf", "/patients/7/", "/patients/7/x", "/sign-in.html", ""])(
  "%s is not",
  (path) => {
    expect(isAppPath(path)).toBe(false);
  },
);

it.each([
  ["/patients/new", "/patients/new"],
  ["/patients/7", "/patients/:id"],
  ["/patients/7/letters/new", "/patients/:id/letters/new"],
  ["/patients/7/letters/9", "/patients/:id/letters/:uid"],
  ["/nowhere", undefined],
])("%s is the screen %s", (pathname, path) => {
  expect(pathOf(pathname)).toBe(path);
});
