import { describe, expect, it } from "vitest";
import { createKeys } from "./idempotency";
import { OFFLINE, Problem } from "./problem";

const keep = (key: string) => Promise.resolve(key);
const fail = (error: Problem) => () => Promise.reject(error);

describe("keys", () => {
  it("stay for as long as the content does", async () => {
    const withKey = createKeys();
    const first = await withKey({ title: "a" }, keep);
    expect(await withKey({ title: "a" }, keep)).toBe(first);
    expect(await withKey({ title: "b" }, keep)).not.toBe(first);
  });

  it.each([OFFLINE, new Problem("outcome-unknown", 503), new Problem("being-worked-on", 409), new Problem("unauthenticated", 401)])(
    "stay while the outcome is open: $type",
    async (error) => {
      const withKey = createKeys();
      const first = await withKey("a", keep);
      await expect(withKey("a", fail(error))).rejects.toBe(error);
      expect(await withKey("a", keep)).toBe(first);
    },
  );

  it("are new after a refusal, which is what the old one stands for", async () => {
    const withKey = createKeys();
    const first = await withKey("a", keep);
    await expect(withKey("a", fail(new Problem("patient-inactive", 409)))).rejects.toThrow();
    expect(await withKey("a", keep)).not.toBe(first);
  });
});
