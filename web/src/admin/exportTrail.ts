/** The trail as a file, put together in the browser from as many pages as it takes. */

import { saveFile } from "../ui/files";
import { type AuditEntry, type Filters, pick, readTrail } from "./audit";
import { BEGIN, csvOf } from "./csv";

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
  file: Blob;
  /** How many entries it has. */
  rows: number;
}

/** All that the filters leave, to the beginning of the trail; `onProgress` is told how many entries have been read. */
export async function exportTrail(
  filters: Filters,
  { onProgress, signal }: { onProgress: (read: number) => void; signal: AbortSignal },
): Promise<Exported> {
  const parts = [BEGIN, csvOf([COLUMNS.map(([title]) => title)])];
  let read = 0;
  let rows = 0;
  let cursor: string | undefined;
  do {
    const page = await readTrail(filters, cursor);
    signal.throwIfAborted();
    const picked = pick(page.items, filters);
    parts.push(csvOf(picked.map((entry) => COLUMNS.map(([, value]) => value(entry)))));
    rows += picked.length;
    read += page.items.length;
    onProgress(read);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return { file: new Blob(parts, { type: "text/csv;charset=utf-8" }), rows };
}

export function save(file: Blob): void {
  saveFile(file, `quill-audit-${new Date().toISOString().slice(0, 10)}.csv`);
}
