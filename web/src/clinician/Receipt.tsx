import { formatTime } from "../ui/format";

/** Whether the patient has read a letter; others' reading is in the audit trail. */
export function Receipt({ at }: { at: string | null }) {
  return <span className={at ? undefined : "soft"}>{at ? `Read by the patient on ${formatTime(at)}` : "Not read yet"}</span>;
}
