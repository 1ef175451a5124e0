import { describe, expect, it } from "vitest";
import { kindOf, locateMistake, parseJsonSource } from "../../../agent/config/json-source.ts";

function mistake(text: string): string {
  const parsed = parseJsonSource("a.json", text);
  return parsed.ok ? "fine" : parsed.error;
}

describe("a configuration file in JSON", () => {
  it("may be empty, null or begin with a byte order mark", () => {
    for (const text of ["", " \n", "null", "{}", "\uFEFF{}"])
      expect(parseJsonSource("a", text)).toEqual({ ok: true, value: {} });
  });

  it("names file, line, column and what to do", () => {
    expect(mistake('{\n  "a": 1,\n}')).toContain("failed to parse a.json: line 3, column 1: found '}'");
    expect(mistake('{"service": {"name": ')).toContain("line 1, column 22: the file ends");
    expect(mistake('{"a": "x\n"}')).toContain("closing quote is missing");
    expect(mistake("{'a': 1}")).toContain('a key in "double quotes"');
    expect(mistake('{"a": 01}')).toContain("column 7");
    expect(mistake('{"a": 1} x')).toContain("nothing more may follow");
    expect(mistake("[1]")).toContain("this one holds a list");
  });

  it("finds a place in everything that JSON.parse refuses", () => {
    for (const text of [
      "{",
      "[",
      '"\\x"',
      "tru",
      "-",
      "1e",
      '{"a"}',
      '{"a":1,}',
      "[1 2]",
      "\u0001",
      '"\t"',
      "[".repeat(300),
    ]) {
      expect(() => JSON.parse(text)).toThrow();
      expect(locateMistake(text).offset).toBeLessThanOrEqual(text.length);
    }
  });

  it("calls values by names that people use", () => {
    expect([null, [], {}, true, 1, "x"].map(kindOf)).toEqual([
      "null",
      "a list",
      "an object",
      "true or false",
      "a number",
      "a string",
    ]);
  });
});
