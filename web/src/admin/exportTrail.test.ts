import { expect, test, vi } from "vitest";
import type { AuditEntry } from "./audit";
import { exportTrail } from "./exportTrail";

const PAGES = 60;

/** A trail of sixty pages, each of a hundred entries. */
vi.mock("./audit", () => ({
  readTrail: async (_: object, cursor = "0") => ({
    items: Array.from({ length: 100 }, (_, each) => entry(`${cursor}-${each}`)),
    next_cursor: Number(cursor) + 1 < PAGES ? String(Number(cursor) + 1) : null,
  }),
  pick: (entries: AuditEntry[]) => entries,
}));

function entry(id: string): Partial<AuditEntry> {
  return { id, at: "2026-11-27T09:14:00Z", actor: null, action: "R", resource: "letter", outcome: "ok" };
}

test("the file has a busy day to its first entry", async () => {
  const told: number[] = [];
  const signal = new AbortController().signal;
  const { file, rows } = await exportTrail({}, { onProgress: (read) => told.push(read), signal });
  const lines = (await file.text()).trimEnd().split("\r\n");
  expect(lines.length).toBe(1 + rows);
  expect(rows).toBe(100 * PAGES);
  expect(lines.at(-1)).toContain(`"${PAGES - 1}-99"`);
  expect(told.slice(0, 2)).toEqual([100, 200]);
});

test("an export that was given up ends with the page it is at", async () => {
  const stop = new AbortController();
  const told: number[] = [];
  const onProgress = (read: number): void => {
    told.push(read);
    stop.abort();
  };
  await expect(exportTrail({}, { onProgress, signal: stop.signal })).rejects.toThrow("aborted");
  expect(told).toEqual([100]);
});
