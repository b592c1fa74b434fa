/** Tables as text for spreadsheets. */

/** What a spreadsheet would take for a formula, also behind blanks. */
const FORMULA = /^\s*[=+\-@]|^[\t\r\n]/;

/** Comma-separated rows (RFC 4180), marked as UTF-8; a text that looks like a formula gets an apostrophe, and stays text. */
export function csvOf(rows: readonly (readonly (string | null)[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value: string | null): string {
  const text = value ?? "";
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
