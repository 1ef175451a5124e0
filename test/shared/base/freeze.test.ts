import { expect, it } from "vitest";
import { deepFreeze } from "../../../shared/base/freeze.ts";

it("freezes all of a value, and takes what is no object", () => {
  const value = { list: [{ a: 1 }], none: null };
  deepFreeze(value);
  expect([value, value.list, value.list[0]].every(Object.isFrozen)).toBe(true);
  deepFreeze("text");
  deepFreeze(null);
});
