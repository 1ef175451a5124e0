import { describe, expect, it } from "vitest";
import { toJson, toPlainJson, withGoEscapes } from "../../../shared/base/json.ts";

describe("toJson", () => {
  const entry = { LockIndex: 0, Key: "k", Flags: "18446744073709551615", Value: null };

  it("writes the flags of a KV entry as an unrounded number", () => {
    expect(toJson([entry])).toBe('[{"LockIndex":0,"Key":"k","Flags":18446744073709551615,"Value":null}]');
  });

  it("leaves a user's own key named Flags alone", () => {
    expect(toJson({ Meta: { Flags: "12" } })).toBe('{"Meta":{"Flags":"12"}}');
  });

  it("escapes what Go escapes, so that JSON inside a page stays inside", () => {
    expect(toPlainJson({ a: "<b>&\u2028\u2029\ufffd\b\f\n" })).toBe(
      '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\\ufffd\\u0008\\u000c\\n"}',
    );
    expect(toJson(["a&b"], true)).toBe('[\n    "a\\u0026b"\n]\n');
  });

  it("takes no backslash that is itself escaped for the start of an escape", () => {
    const json = withGoEscapes(JSON.stringify("\\b \\\\f < \\\b"));
    expect(JSON.parse(json)).toBe("\\b \\\\f < \\\b");
    expect(json).not.toContain("<");
  });

  it("indents by four spaces and ends with a newline when pretty", () => {
    expect(toJson({ a: [1] }, true)).toBe('{\n    "a": [\n        1\n    ]\n}\n');
  });
});
