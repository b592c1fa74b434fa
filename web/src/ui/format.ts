/** How people here write dates, times and numbers. */

const ZONE = "Europe/London";
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: ZONE });
const DATE_ONLY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const OFFSET = new Intl.DateTimeFormat("en-GB", { timeZoneName: "longOffset", timeZone: ZONE });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: ZONE });

/** "27 November 2026", of a day ("2026-11-27") or of a moment, where Quill is used. */
export function formatDate(value: string): string {
  return value.length === 10 ? DATE_ONLY.format(new Date(value)) : DAY.format(new Date(value));
}

/** "27 November 2026 at 09:14" */
export function formatTime(value: string): string {
  const moment = new Date(value);
  return `${DAY.format(moment)} at ${CLOCK.format(moment)}`;
}

/** The moment, in UTC, at which a day ("2026-11-27") begins where Quill is used; clocks change there later in the day. */
export function startOfDay(day: string): string {
  const [, offset] = OFFSET.format(new Date(`${day}T00:00:00Z`)).split("GMT");
  return new Date(`${day}T00:00:00${offset || "Z"}`).toISOString();
}

/** "09:14" */
export function formatClock(value: string): string {
  return CLOCK.format(new Date(value));
}

/** Whether "2026-11-27" is whole, and a day of the calendar. */
export function isWholeDate(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}

/** Full years between a birth date and a day, today by default. */
export function age(birthDate: string, on: Date = new Date()): number {
  const [year = 0, month = 1, day = 1] = birthDate.split("-").map(Number);
  const hadBirthday = on.getMonth() + 1 > month || (on.getMonth() + 1 === month && on.getDate() >= day);
  return on.getFullYear() - year - (hadBirthday ? 0 : 1);
}

/** "999 000 0018" */
export function formatNhsNumber(value: string): string {
  return value.replace(/^(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3");
}

const ROLES: Record<string, string> = { patient: "Patient", clinician: "Clinician", admin: "Administrator" };

/** "Clinician, Administrator" */
export function formatRoles(roles: readonly string[]): string {
  return roles.map((role) => ROLES[role] ?? role).join(", ");
}
