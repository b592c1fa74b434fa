/** The trail as a file, put together in the browser from as many pages as it takes. */

import { saveFile } from "../ui/files";
import { type AuditEntry, type Filters, PAGE, pick, readTrail } from "./audit";
import { csvOf } from "./csv";

/** So many entries are read for one file, at most. */
export const MOST = 5_000;

const COLUMNS: readonly (readonly [string, (entry: AuditEntry) => string | null])[] = [
  ["time", ({ at }) => at],
  ["actor_name", ({ actor }) => actor?.name ?? null],
  ["actor_id", ({ actor }) => actor?.id ?? null],
  ["actor_roles", ({ actor }) => actor?.roles.join(" ") ?? null],
  ["action", ({ action }) => action],
  ["resource", ({ resource }) => resource],
  ["resource_id", ({ resource_id }) => resource_id],
  ["patient_id", ({ patient_id }) => patient_id],
  ["outcome", ({ outcome }) => outcome],
  ["address", ({ address }) => address],
  ["request_id", ({ request_id }) => request_id],
  ["id", ({ id }) => id],
];

export interface Exported {
  rows: number;
  /** Whether there is more in the trail than the file could take. */
  isCut: boolean;
}

/** Saves what the filters leave; `onProgress` is told how many entries have been read. */
export async function exportTrail(
  filters: Filters,
  { onProgress, signal }: { onProgress: (read: number) => void; signal: AbortSignal },
): Promise<Exported> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await readTrail(filters, cursor);
    signal.throwIfAborted();
    entries.push(...page.items);
    onProgress(entries.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && entries.length + PAGE <= MOST);
  const rows = pick(entries, filters);
  const text = csvOf([COLUMNS.map(([title]) => title), ...rows.map((entry) => COLUMNS.map(([, value]) => value(entry)))]);
  const today = new Date().toISOString().slice(0, 10);
  saveFile(new Blob([text], { type: "text/csv;charset=utf-8" }), `quill-audit-${today}.csv`);
  return { rows: rows.length, isCut: cursor !== undefined };
}
