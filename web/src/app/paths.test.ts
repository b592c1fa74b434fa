import { expect, it } from "vitest";
import { isAppPath } from "./paths";

it.each(["/", "/sign-in", "/patients/7/letters/new", "/patients/7/letters/9/amend"])("%s is the app's", (path) => {
  expect(isAppPath(path)).toBe(true);
});

it.each(["/api/health", "/about.html", "/problems/csrf", "/patients/7/", "/patients/7/x", "/sign-in.html", ""])(
  "%s is not",
  (path) => {
    expect(isAppPath(path)).toBe(false);
  },
);
