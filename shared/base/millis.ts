// Go durations ("1h30m", "250ms") in and out. Inside a duration is a number of milliseconds, which may have a fraction.

import type { Millis } from "./brand.ts";
import { fail, ok, type Result } from "./result.ts";

const unitMillis: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go keeps a duration in 63 bits of nanoseconds. */
const millisMax = 9_223_372_036_854.775;
const part = /(\d*)(\.\d*)?([^\d.]*)/y;

/** Reads a Go duration; the error is Go's own text. */
export function parseGoDuration(text: string): Result<Millis, string> {
  const invalid = () => fail(`time: invalid duration "${text}"`);
  const signed = text[0] === "-" || text[0] === "+";
  const digits = signed ? text.slice(1) : text;
  if (digits === "0") return ok(0);
  if (digits === "") return invalid();
  let total = 0;
  let at = 0;
  while (at < digits.length) {
    part.lastIndex = at;
    const [whole, integer = "", fraction = "", unit = ""] = part.exec(digits) ?? [""];
    if (integer === "" && (fraction === "" || fraction === ".")) return invalid();
    if (unit === "") return fail(`time: missing unit in duration "${text}"`);
    const scale = Object.hasOwn(unitMillis, unit) ? unitMillis[unit] : undefined;
    if (scale === undefined) return fail(`time: unknown unit "${unit}" in duration "${text}"`);
    total += Number(`${integer === "" ? "0" : integer}${fraction === "." ? "" : fraction}`) * scale;
    if (total > millisMax) return invalid();
    at += whole.length;
  }
  return ok(text[0] === "-" && total !== 0 ? -total : total);
}

/** Prints as Go's Duration.String does: "1m30s", "250ms", "0s". */
export function formatGoDuration(millis: Millis): string {
  const nanos = Math.round(Math.abs(millis) * 1e6);
  if (nanos === 0) return "0s";
  const sign = millis < 0 ? "-" : "";
  if (nanos < 1e3) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${nanos / 1e3}µs`;
  if (nanos < 1e9) return `${sign}${nanos / 1e6}ms`;
  const minutesAll = Math.floor(nanos / 6e10);
  const seconds = (nanos - minutesAll * 6e10) / 1e9;
  const hours = Math.floor(minutesAll / 60);
  const minutes = minutesAll % 60;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
