// The words of HCL 1, with their places.

import { describe, expect, it } from "vitest";
import { HclMistake, HclScanner } from "../../../shared/hcl/scanner.ts";
import { readString } from "../../../shared/hcl/strings.ts";

function words(text: string, isJson = false): readonly string[] {
  const scanner = new HclScanner(text, isJson);
  const found: string[] = [];
  for (;;) {
    const { kind, text: word, place } = scanner.next();
    found.push(`${place.line}:${place.column} ${kind} ${word}`.trimEnd());
    if (kind === "EOF") return found;
  }
}

describe("the scanner", () => {
  it("tells words, signs and where they stand", () => {
    expect(words('a-b.c = "x" # c\n  { -1 0x1F 1.5 true }')).toEqual([
      "1:1 IDENT a-b.c",
      "1:7 ASSIGN =",
      '1:9 STRING "x"',
      "2:3 LBRACE {",
      "2:5 NUMBER -1",
      "2:8 NUMBER 0x1F",
      "2:13 FLOAT 1.5",
      "2:17 BOOL true",
      "2:22 RBRACE }",
      "2:23 EOF",
    ]);
  });

  it("knows a colon and null in JSON only", () => {
    expect(words('"a": null', true)).toEqual(['1:1 STRING "a"', "1:4 ASSIGN :", "1:6 NULL null", "1:10 EOF"]);
    expect(() => words(":")).toThrow(HclMistake);
  });

  it("counts lines over comments and heredocs", () => {
    expect(words("/* a\n b */ x <<E\nt\nE\ny").at(-2)).toBe("5:1 IDENT y");
  });

  it("reads a text up to its quote, or says where it breaks", () => {
    expect(readString('"a\\n" b', 0)).toEqual({ value: "a\n", end: 5 });
    expect(readString('"a\\q"', 0)).toEqual({ mistake: "illegal char escape", at: 3 });
    expect(readString('"\\U00110000"', 0)).toMatchObject({ mistake: "illegal char escape" });
  });
});
