import { describe, expect, it } from "vitest";
import { checkStatuses } from "../../../shared/structs/check-fields.ts";
import { decodeProblem } from "../../../shared/structs/parse-problem.ts";
import { StructReader } from "../../../shared/structs/struct-reader.ts";

const place = { source: "api", type: "T", struct: "T", path: "" } as const;

describe("a struct reader", () => {
  it("leaves zero values for null and for what is absent", () => {
    const reader = new StructReader({ A: null }, place);
    expect([reader.string("A"), reader.integer("B"), reader.strings("C")]).toEqual(["", 0, null]);
    expect(reader.problem()).toBeNull();
  });

  it("reports the first error in the order of the text, unknown fields included", () => {
    const reader = new StructReader({ Odd: 1, A: 1 }, place);
    reader.string("A");
    expect(reader.problem()).toBe('json: unknown field "Odd"');
  });

  it("keeps a key named __proto__ like every other", () => {
    const reader = new StructReader(JSON.parse('{"M":{"__proto__":"x"}}'), place);
    expect(Object.entries(reader.stringMap("M") ?? {})).toEqual([["__proto__", "x"]]);
  });

  it("gives a decode problem its prefix over HTTP only", () => {
    expect(decodeProblem("why")).toMatchObject({
      text: "why",
      error: { code: "decodeFailed", args: ["why"] },
    });
    expect(checkStatuses).toEqual(["passing", "warning", "critical"]);
  });
});
