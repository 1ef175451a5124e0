import { describe, expect, it } from "vitest";
import { assert, assertNever } from "../../../shared/base/assert.ts";
import { fail, ok } from "../../../shared/base/result.ts";

describe("assert", () => {
  it("throws with what must hold, and only then", () => {
    expect(() => assert(1 < 2, "order")).not.toThrow();
    expect(() => assert(2 < 1, "terms never fall")).toThrow("broken invariant: terms never fall");
  });

  it("names the value that no branch expected", () => {
    expect(() => assertNever("odd" as never)).toThrow('unexpected "odd"');
  });
});

describe("Result", () => {
  it("is told apart by ok", () => {
    expect([ok(1), fail("no")]).toEqual([
      { ok: true, value: 1 },
      { ok: false, error: "no" },
    ]);
  });
});
