/**
 * Markdown as letters have it, made into HTML: CommonMark and tables, as the printed letter shows them; a line that was typed
 * as one stays one. Every word that was written can be seen, whatever it looks like: HTML is text, and so is what nests deeper
 * than letters do. Pure.
 */

import MarkdownIt from "markdown-it";

type Token = ReturnType<typeof parser.parse>[number];

const DEEPEST = 16;
const MOST_TOKENS = 20_000;
/** Where links may lead. */
export const ALLOWED_LINK = /^(https?:\/\/|mailto:)/i;

// References are text too: a line such as "[Allergies]: penicillin" would define one and be gone.
const parser = new MarkdownIt("commonmark", { html: false, breaks: true, maxNesting: DEEPEST }).enable("table").disable("reference");
parser.validateLink = (address) => ALLOWED_LINK.test(address);
parser.renderer.rules.image = (tokens, at) => escape(pictured(tokens[at] as Token));
parser.renderer.rules.link_close = (tokens, at) => `${escape(tokens[at]?.content ?? "")}</a>`;
parser.renderer.rules.fence = (tokens, at) => typed(`${tokens[at]?.info}\n${tokens[at]?.content}`);
parser.renderer.rules.code_block = (tokens, at) => typed(tokens[at]?.content ?? "");

/**
 * The HTML of a Markdown text; Markdown.tsx makes sure once more that it is harmless.
 *
 * @param below level of the heading that the text stands under; its own headings follow without a gap.
 */
export function htmlOf(text: string, below: number): string {
  const tokens = parser.parse(text, {});
  const count = tokens.reduce((sum, token) => sum + 1 + (token.children?.length ?? 0), 0);
  // The parser leaves out what is deeper.
  if (count > MOST_TOKENS || tokens.some((token) => token.level >= DEEPEST - 1)) return typed(text);
  const shown = wholeTables(tokens, text);
  levelHeadings(shown, below);
  shown.forEach(alignCell);
  shown.forEach((token) => token.children?.forEach(prepareLink));
  return parser.renderer.render(shown, parser.options, {});
}

/** What was typed, letter by letter. */
function typed(text: string): string {
  return `<pre>${escape(text.replace(/^\n+|\n+$/g, ""))}</pre>`;
}

function escape(text: string): string {
  return parser.utils.escapeHtml(text);
}

/** A picture is never fetched: its description stands in its place. */
function pictured(token: Token): string {
  return [token.content || token.attrGet("src"), token.attrGet("title")].filter(Boolean).join(" ");
}

/** Behind a link stands what nobody would see who does not hover over it: its title, and where one without words leads. */
function prepareLink(token: Token, at: number, all: Token[]): void {
  if (token.type !== "link_open") return;
  token.attrSet("rel", "noopener noreferrer");
  token.attrSet("target", "_blank");
  const end = all.slice(at).find((one) => one.type === "link_close");
  const unseen = [all[at + 1] === end && token.attrGet("href"), token.attrGet("title")].filter(Boolean).join(" ");
  if (unseen && end) end.content = ` (${unseen})`;
}

/** The parser aligns cells by style attributes; our pages' policy complains of such even where they are only parsed. */
function alignCell(token: Token): void {
  const side = /text-align:(left|right|center)/.exec(String(token.attrGet("style") ?? ""))?.[1];
  if (side) token.attrs = [["class", `align-${side}`]];
}

/** Headings of a text begin one level below what it stands under, and leave out none. */
function levelHeadings(tokens: Token[], below: number): void {
  let open: number[] = [];
  for (const token of tokens) {
    if (token.type !== "heading_open" && token.type !== "heading_close") continue;
    const level = Number(token.tag.slice(1));
    if (token.type === "heading_open") open = [...open.filter((one) => one < level), level];
    token.tag = `h${Math.min(below + open.length, 6)}`;
  }
}

/** A row with more cells than the table has columns would lose them: such a table is shown as it was typed. */
function wholeTables(tokens: Token[], text: string): Token[] {
  const lines = text.split(/\r\n|\r|\n/);
  const shown: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const source = token.type === "table_open" ? lines.slice(...(token.map ?? [0, 0])) : [];
    if (!source.slice(2).some((row) => cellsIn(row) > columnsAfter(tokens, at))) {
      shown.push(token);
      continue;
    }
    at = tokens.findIndex((one, place) => place > at && one.type === "table_close");
    shown.push(Object.assign(tokens[at] as Token, { type: "code_block", tag: "code", nesting: 0, content: source.join("\n") }));
  }
  return shown;
}

/** At most: a pipe that stands for itself counts as one between cells; those around the row do not. */
function cellsIn(row: string): number {
  return row.trimEnd().replace(/^[ \t>]*\|?/, "").replace(/\|$/, "").split("|").length;
}

function columnsAfter(tokens: Token[], at: number): number {
  const end = tokens.findIndex((one, place) => place > at && one.type === "tr_close");
  return tokens.slice(at, end).filter((one) => one.type === "th_open").length;
}

parser.renderer.rules.table_open = () => '<div class="table-frame" tabindex="0"><table>';
parser.renderer.rules.table_close = () => "</table></div>";
