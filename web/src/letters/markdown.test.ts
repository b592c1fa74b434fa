import { expect, test } from "vitest";
// Read by services/letters/tests/test_letters_markdown.py too, so that paper shows the words that stand on screen.
import cases from "./markdown.cases.json";
import { htmlOf } from "./markdown";

const shown = (text: string, below = 1): string => htmlOf(text, below).trim();

const SIGNS: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };
const words = (text: string): string => shown(text).replace(/<[^>]+>/g, "").replace(/&\w+;/g, (sign) => SIGNS[sign] ?? sign);

test.each(cases)("$what, as on paper", ({ text, shown }) => {
  expect(words(text)).toBe(shown);
});

test("HTML in a letter is text", () => {
  expect(shown("BP <90/60")).toBe("<p>BP &lt;90/60</p>");
  expect(shown('<img src=x onerror="x()">')).toBe("<p>&lt;img src=x onerror=&quot;x()&quot;&gt;</p>");
  expect(shown("```\n<b>\n```")).toBe('<pre>&lt;b&gt;</pre>');
});

test("lines that were typed below each other stay so", () => {
  expect(shown("Yours sincerely,\nDr Okafor  \nCardiology\n\nc.c. Dr Price")).toBe(
    "<p>Yours sincerely,<br />\nDr Okafor<br />\nCardiology</p>\n<p>c.c. Dr Price</p>",
  );
  expect(shown("- 12 High Street\n  Leeds")).toContain("12 High Street<br />\nLeeds");
});

test.each(["javascript:x", "data:text/html,x", "/patients", "tel:1", "//evil.example", "java&#115;cript:x"])(
  "a link to %s is text",
  (address) => {
    expect(shown(`[a](${address})`)).toMatch(/^<p>\[a\]\(.+\)<\/p>$/);
    expect(shown(`[a](${address})`)).not.toContain("href");
  },
);

test("web and mail addresses are links that tell nothing about us", () => {
  const rest = 'rel="noopener noreferrer" target="_blank">a</a></p>';
  expect(shown("[a](https://nhs.uk)")).toBe(`<p><a href="https://nhs.uk" ${rest}`);
  expect(shown("[a](mailto:a@b.uk)")).toBe(`<p><a href="mailto:a@b.uk" ${rest}`);
});

test("a link's title stands behind it, whatever it ends with", () => {
  expect(shown('[a](https://nhs.uk "not before Monday")')).toContain(">a (not before Monday)</a>");
  expect(shown('[a **b**](https://nhs.uk "<not>")')).toContain(">a <strong>b</strong> (&lt;not&gt;)</a>");
});

test("pictures are never fetched: their description stands in their place", () => {
  expect(shown("![X-ray <left>](https://evil.example/pixel.png)")).toBe("<p>X-ray &lt;left&gt;</p>");
  expect(shown("![](https://evil.example/pixel.png)")).toBe("<p>https://evil.example/pixel.png</p>");
});

test("a line that looks like a reference definition is not lost", () => {
  expect(shown("[Allergies]: penicillin")).toBe("<p>[Allergies]: penicillin</p>");
});

test("headings follow the one above without a gap", () => {
  expect(shown("### Plan\n\n##### Then\n\n# After").replaceAll("\n", "")).toBe("<h2>Plan</h2><h3>Then</h3><h2>After</h2>");
  expect(shown("# Plan", 3)).toBe("<h4>Plan</h4>");
});

test("a table row with more cells than columns is shown as it was typed", () => {
  const text = "| Drug | Dose |\n|---|---|\n| Aspirin | 75 mg | stop on Monday |";
  expect(shown(text)).toBe(`<pre>${text}</pre>`);
});

test("a table keeps its cells and their sides, without styles", () => {
  const html = shown("| Drug | Dose |\n|---|---:|\n| Aspirin | 75 mg |");
  expect(html).toContain("<td>Aspirin</td>");
  expect(html).toContain('<td class="align-right">75 mg</td>');
  expect(html).not.toContain("style");
});

test("what nests deeper than letters do is shown as it was typed", () => {
  const text = `${"> ".repeat(30)}deep`;
  expect(shown(text)).toBe(`<pre>${text.replaceAll(">", "&gt;")}</pre>`);
});

test("code fences keep what stands behind the fence", () => {
  expect(shown("``` aspirin\n75 mg\n```")).toBe('<pre> aspirin\n75 mg</pre>');
});
