// The format of a configuration file.

import { describe, expect, it } from "vitest";
import { formatOf, parseSource } from "../../../agent/config/source.ts";

describe("a configuration file", () => {
  it("has the format asked for, else that of its name, else none", () => {
    expect([formatOf("a.hcl", ""), formatOf("a.json", ""), formatOf("a.txt", "")]).toEqual([
      "hcl",
      "json",
      null,
    ]);
    expect([formatOf("a.json", "hcl"), formatOf("a", "json")]).toEqual(["hcl", "json"]);
  });

  it("is named with the place of a mistake", () => {
    expect(parseSource("a.hcl", "a = 1", "hcl")).toEqual({ ok: true, value: { a: 1 } });
    expect(parseSource("a.hcl", "a =", "hcl")).toMatchObject({
      error: "failed to parse a.hcl: At 1:4: Unknown token: 1:4 EOF",
    });
    expect(parseSource("a.json", '{"a":', "json")).toMatchObject({ ok: false });
  });
});
