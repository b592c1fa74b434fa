/** Tables as text for spreadsheets. */

/** What a spreadsheet would take for a formula, also behind blanks. */
const FORMULA = /^\s*[=+\-@]|^[\t\r\n]/;

/** What a file begins with, to be read as UTF-8. */
export const BEGIN = "\uFEFF";

/** Comma-separated rows (RFC 4180); a text that looks like a formula gets an apostrophe, and stays text. */
export function csvOf(rows: readonly (readonly (string | null)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | null): string {
  const text = value ?? "";
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
