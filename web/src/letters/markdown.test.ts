import { expect, test } from "vitest";
import { htmlOf } from "./markdown";

const shown = (text: string, below = 1): Element => {
  const place = document.createElement("div");
  place.innerHTML = htmlOf(text, below);
  return place;
};

test("HTML in a letter is text", () => {
  const place = shown('BP <90/60\n\n<script>x()</script>\n\n<img src=x onerror="x()">\n\n<a href="javascript:x()">y</a>');
  expect(place.querySelector("script, img, a")).toBeNull();
  expect(place.textContent).toContain("BP <90/60");
  expect(place.textContent).toContain('<img src=x onerror="x()">');
});

test("only web and mail addresses are links, and what is none stays readable", () => {
  const place = shown("[a](https://nhs.uk) [b](mailto:a@b.uk) [c](javascript:x) [d](data:text/html,x) [e](/patients) [f](tel:1)");
  expect([...place.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(["https://nhs.uk", "mailto:a@b.uk"]);
  expect([...place.querySelectorAll("a")].every((link) => link.rel.includes("noopener"))).toBe(true);
  expect(place.textContent).toContain("[c](javascript:x)");
});

test("pictures are never fetched: their description stands in their place", () => {
  const place = shown("![X-ray of the hand](https://evil.example/pixel.png)");
  expect(place.querySelector("img")).toBeNull();
  expect(place.textContent?.trim()).toBe("X-ray of the hand");
});

test("a line that looks like a reference definition is not lost", () => {
  expect(shown("[Allergies]: penicillin").textContent).toContain("[Allergies]: penicillin");
});

test("headings follow the one above without a gap", () => {
  const tags = [...shown("### Plan\n\n##### Then\n\n# After", 1).children].map((one) => one.tagName);
  expect(tags).toEqual(["H2", "H3", "H2"]);
});

test("a table row with more cells than columns is shown as it was typed", () => {
  const place = shown("| Drug | Dose |\n|---|---|\n| Aspirin | 75 mg | stop on Monday |");
  expect(place.querySelector("table")).toBeNull();
  expect(place.textContent).toContain("stop on Monday");
});

test("a table keeps its cells and their sides", () => {
  const place = shown("| Drug | Dose |\n|---|---:|\n| Aspirin | 75 mg |");
  expect([...place.querySelectorAll("td")].map((cell) => [cell.textContent, cell.className])).toEqual([
    ["Aspirin", ""],
    ["75 mg", "align-right"],
  ]);
  expect(place.querySelector("[style]")).toBeNull();
});

test("what nests deeper than letters do is shown as it was typed", () => {
  const text = `${"> ".repeat(30)}deep`;
  expect(shown(text).textContent).toBe(text);
});
