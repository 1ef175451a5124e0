import { describe, expect, it } from "vitest";
import { parseGoJson, parseGoJsonExact } from "../../../shared/base/go-json.ts";

describe("parseGoJson", () => {
  it("ignores what follows the first value, as Go's decoder does", () => {
    expect(parseGoJson('{"Node":"x"} garbage')).toEqual({ ok: true, value: { Node: "x" } });
  });

  // Recorded from Consul 1.8.7 behind "Request decode failed: ".
  it.each([
    ["", "EOF"],
    [" \n", "EOF"],
    ["{", "unexpected EOF"],
    ['{"a"', "unexpected EOF"],
    ["nul", "unexpected EOF"],
    ["[1,", "unexpected EOF"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ['{"Node"}', "invalid character '}' after object key"],
    ['{"Node":}', "invalid character '}' looking for beginning of value"],
    ['{"Node":"x",}', "invalid character '}' looking for beginning of object key string"],
    ["{Node:1}", "invalid character 'N' looking for beginning of object key string"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"Node":"x" "y"}', "invalid character '\"' after object key:value pair"],
    ['{"Node":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"Node":"x\n"}', "invalid character '\\n' in string literal"],
    ['{"Node":"\\x"}', "invalid character 'x' in string escape code"],
    ['{"Node":-}', "invalid character '}' in numeric literal"],
    ['{"Node":01}', "invalid character '1' after object key:value pair"],
  ])("refuses %j in Go's words", (text, error) => {
    expect(parseGoJson(text)).toEqual({ ok: false, error });
  });

  it("survives deep nesting", () => {
    expect(parseGoJson("[".repeat(200_000)).ok).toBe(false);
  });

  it("keeps whole numbers that would be rounded, if asked to", () => {
    const text =
      '{"a":18446744073709551615,"b":1.5,"c":7,"d":"18446744073709551615","e":-9007199254740993} tail';
    expect(parseGoJsonExact(text)).toEqual({
      ok: true,
      value: {
        a: 18446744073709551615n,
        b: 1.5,
        c: 7,
        d: "18446744073709551615",
        e: -9007199254740993n,
      },
    });
    expect(parseGoJsonExact("{")).toEqual({ ok: false, error: "unexpected EOF" });
  });
});
