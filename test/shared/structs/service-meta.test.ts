import { describe, expect, it } from "vitest";
import { metaProblem } from "../../../shared/structs/service-meta.ts";

describe("metadata", () => {
  it.each([
    [{ "": "v" }, "Key cannot be blank"],
    [{ ["k".repeat(129)]: "v" }, "Key is too long (limit: 128 characters)"],
    [{ k: "v".repeat(513) }, "Value is too long (limit: 512 characters)"],
  ])("refuses a pair over its limits", (meta, reason) => {
    expect(metaProblem(meta)).toMatch(new RegExp(`${reason.replace(/[()]/g, "\\$&")}$`));
  });

  it("refuses more than 64 pairs and accepts 64", () => {
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, "v"]));
    expect(metaProblem(pairs(65))).toBe("Node metadata cannot contain more than 64 key/value pairs");
    expect(metaProblem(pairs(64))).toBeNull();
  });
});
