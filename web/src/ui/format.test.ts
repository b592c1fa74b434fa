import { describe, expect, it } from "vitest";
import { age, formatDate, formatNhsNumber, formatTime, startOfDay } from "./format";

describe("dates", () => {
  it("are written in words, a day as it is whatever the zone", () => {
    expect(formatDate("2026-11-27")).toBe("27 November 2026");
    expect(formatDate("1964-03-01")).toBe("1 March 1964");
  });

  it("of moments are those of the clinic's clock", () => {
    expect(formatDate("2026-06-30T23:30:00Z")).toBe("1 July 2026");
    expect(formatTime("2026-06-30T23:30:00Z")).toBe("1 July 2026 at 00:30");
    expect(formatTime("2026-11-27T09:14:59Z")).toBe("27 November 2026 at 09:14");
  });
});

describe("a day begins at midnight of the clinic's clock", () => {
  it.each([
    ["2026-11-27", "2026-11-27T00:00:00.000Z"],
    ["2026-06-30", "2026-06-29T23:00:00.000Z"],
    ["2026-03-29", "2026-03-29T00:00:00.000Z"], // clocks go forward at 01:00
    ["2026-03-30", "2026-03-29T23:00:00.000Z"],
    ["2026-10-25", "2026-10-24T23:00:00.000Z"], // and back at 02:00
    ["2026-10-26", "2026-10-26T00:00:00.000Z"],
  ])("%s", (day, moment) => expect(startOfDay(day)).toBe(moment));
});

describe("age", () => {
  it("grows on the birthday", () => {
    expect(age("1964-03-27", new Date(2026, 2, 26))).toBe(61);
    expect(age("1964-03-27", new Date(2026, 2, 27))).toBe(62);
  });
});

describe("NHS numbers", () => {
  it("are read in three groups, and anything else as it is", () => {
    expect(formatNhsNumber("9990000018")).toBe("999 000 0018");
    expect(formatNhsNumber("12")).toBe("12");
  });
});
