import { describe, expect, it } from "vitest";
import { formatGoDuration, parseGoDuration } from "../../../shared/base/millis.ts";

describe("Go durations", () => {
  it.each([
    ["0", 0],
    ["10s", 10_000],
    ["1h30m", 5_400_000],
    ["2000ms", 2000],
    [".5s", 500],
    ["1.s", 1000],
    ["1.5h", 5_400_000],
    ["-1s", -1000],
    ["+1s", 1000],
    ["100us", 0.1],
    ["3µs", 0.003],
  ])("reads %s", (text, millis) => {
    expect(parseGoDuration(text)).toEqual({ ok: true, value: millis });
  });

  it.each([
    ["bad", 'time: invalid duration "bad"'],
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    [".", 'time: invalid duration "."'],
    ["5", 'time: missing unit in duration "5"'],
    ["1d", 'time: unknown unit "d" in duration "1d"'],
    ["3x5s", 'time: unknown unit "x" in duration "3x5s"'],
    ["5.5.5s", 'time: missing unit in duration "5.5.5s"'],
    ["9999999999h", 'time: invalid duration "9999999999h"'],
  ])("refuses %j in Go's words", (text, error) => {
    expect(parseGoDuration(text)).toEqual({ ok: false, error });
  });

  it.each([
    [0, "0s"],
    [90_000, "1m30s"],
    [10_000, "10s"],
    [3_600_000, "1h0m0s"],
    [250, "250ms"],
    [1500, "1.5s"],
    [0.0005, "500ns"],
    [0.25, "250µs"],
    [-1500, "-1.5s"],
  ])("prints %d ms as Go does", (millis, text) => {
    expect(formatGoDuration(millis)).toBe(text);
  });
});
