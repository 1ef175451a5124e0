import { describe, expect, it } from "vitest";
import { toJson } from "../../../shared/base/json.ts";

describe("toJson", () => {
  const entry = { LockIndex: 0, Key: "k", Flags: "18446744073709551615", Value: null };

  it("writes the flags of a KV entry as an unrounded number", () => {
    expect(toJson([entry])).toBe('[{"LockIndex":0,"Key":"k","Flags":18446744073709551615,"Value":null}]');
  });

  it("leaves a user's own key named Flags alone", () => {
    expect(toJson({ Meta: { Flags: "12" } })).toBe('{"Meta":{"Flags":"12"}}');
  });

  it("indents by four spaces and ends with a newline when pretty", () => {
    expect(toJson({ a: [1] }, true)).toBe('{\n    "a": [\n        1\n    ]\n}\n');
  });
});
