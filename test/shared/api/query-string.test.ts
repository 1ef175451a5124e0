import { describe, expect, it } from "vitest";
import {
  encodeQueryString,
  isMalformedQuery,
  parseQueryString,
  percentDecode,
} from "../../../shared/api/query-string.ts";

describe("query strings", () => {
  it("keeps repeated values in order and bare names as empty", () => {
    const values = parseQueryString("tag=a&tag=b&keys&x=1%202+3;y=4");
    expect([...values]).toEqual([
      ["tag", ["a", "b"]],
      ["keys", [""]],
      ["x", ["1 2 3"]],
      ["y", ["4"]],
    ]);
  });

  it("drops a malformed pair and keeps the rest", () => {
    expect([...parseQueryString("a=%zz&b=1&&")]).toEqual([["b", ["1"]]]);
  });

  it("knows an escape that is none", () => {
    expect(["%zz", "a=%2", "%", "a=%41%4"].map(isMalformedQuery)).toEqual([true, true, true, true]);
    expect(["%41=%2f", "", "a;b"].map(isMalformedQuery)).toEqual([false, false, false]);
  });

  it("decodes bytes that are no UTF-8 leniently", () => {
    expect(percentDecode("a%ff")).toBe("a\ufffd");
    expect(percentDecode("a%f")).toBeNull();
  });

  it("encodes as Go does, sorted by name", () => {
    expect(encodeQueryString("cas=1&acquire=a%20b&flags=3&z=%C3%BC~!*()'")).toBe(
      "acquire=a+b&cas=1&flags=3&z=%C3%BC~%21%2A%28%29%27",
    );
  });
});
