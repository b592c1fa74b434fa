import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Problem, problemFrom } from "./problem";
import { fieldErrors, sentence } from "./sentences";

const PROBLEMS = new URL("../../../libs/common/common/data/problems.json", import.meta.url);
/** What people cannot meet in the app: it sends what these ask for, or follows them itself. */
const NEVER_SHOWN = ["media-type", "method-not-allowed", "refused", "sign-in-refused", "totp-required", "wrong-host"];

describe("sentences", () => {
  const general = sentence(new Problem("internal", 500));

  it.each(Object.keys(JSON.parse(readFileSync(PROBLEMS, "utf8"))).filter((type) => !NEVER_SHOWN.includes(type)))(
    "has words of its own for %s",
    (type) => {
      if (type === "internal") return;
      expect(sentence(new Problem(type, 400))).not.toBe(general);
    },
  );

  it("never repeats what the server wrote", () => {
    const answer = new Response(null, { status: 400, headers: { "Retry-After": "30" } });
    const body = { type: "/problems/new-one", title: "Leak", detail: "Leak" };
    expect(sentence(problemFrom(body, answer))).toBe(general);
  });

  it.each([
    ["outcome-unknown", "outcome-unknown"],
    ["backend-unavailable", "backend-unavailable"],
    ["invalid", "patient-refused"], // which points at no field
  ])("knows the problem %s from an OperationOutcome too", (code, type) => {
    const details = { coding: [{ system: "urn:quill:problems", code }], text: "Leak" };
    const body = { resourceType: "OperationOutcome", issue: [{ severity: "error", code: "transient", details }] };
    expect(problemFrom(body, new Response(null, { status: 503 })).type).toBe(type);
  });

  it("says how long to wait, in the unit that people would use", () => {
    expect(sentence(new Problem("too-many-requests", 429, { retryAfter: 30 }))).toContain("30 seconds");
    expect(sentence(new Problem("too-many-requests", 429, { retryAfter: 870 }))).toContain("15 minutes");
  });

  it("takes what is no problem at all for a fault of ours", () => {
    expect(sentence(new TypeError("x is undefined"))).toBe(general);
  });
});

describe("errors of fields", () => {
  it("are found by the member's path", () => {
    const errors = [{ loc: ["body", "name", "family"], type: "x", msg: "Value error, must not be empty" }];
    expect(fieldErrors(new Problem("invalid", 422, { errors }))).toEqual({ "name.family": "Must not be empty" });
  });

  it("of an entry of a list are told at the list's field", () => {
    const errors = [{ loc: ["body", "addresses", 0, "lines", 2], type: "x", msg: "too long" }];
    expect(fieldErrors(new Problem("invalid", 422, { errors }))).toEqual({ "addresses.0.lines": "Too long" });
  });
});
