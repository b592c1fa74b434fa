import { expect, test } from "vitest";
import { csvOf } from "./csv";

test("quotes, commas and line ends stay within their cell", () => {
  expect(csvOf([['a "b"', "c,d\ne"], [null, ""]])).toBe('"a ""b""","c,d\ne"\r\n"",""\r\n');
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n@x"])("%j is no formula", (text) => {
  expect(csvOf([[text]])).toBe(`"'${text}"\r\n`);
});

test.each(["a=1", "2026-11-27", "10.0.0.1", "::1"])("%j stays as it is", (text) => {
  expect(csvOf([[text]])).toBe(`"${text}"\r\n`);
});
