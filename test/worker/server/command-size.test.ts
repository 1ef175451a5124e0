import { expect, it } from "vitest";
import { fitsRow } from "../../../worker/server/command-size.ts";

it.each([
  ["plain text", "x", 1],
  ["quotes", '"', 2],
  ["letters with accents", "é", 2],
  ["Chinese", "漢", 3],
  ["an emoji", "😀", 4],
])("counts what a row of the log holds of %s", (_name, unit, bytes) => {
  const most = Math.floor(1_900_000 / bytes);
  expect(fitsRow(unit.repeat(most))).toBe(true);
  expect(fitsRow(unit.repeat(most + 1))).toBe(false);
  const stored = new TextEncoder().encode(JSON.stringify([[5, unit.repeat(most)]])).length;
  expect(stored).toBeLessThan(2_000_000);
  expect(stored).toBeGreaterThan(1_890_000);
});
