import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { decodeAgentFrame, isMethod, packFrames } from "../../../worker/server/link-frames.ts";

describe("frames of the agent link", () => {
  it("leave out messages of a newer agent, and refuse what is too large", () => {
    expect(decodeAgentFrame('[{"t":"goodbye"},{"t":"toString"},{"t":"new"}]')).toEqual([{ t: "goodbye" }]);
    expect(decodeAgentFrame(" ".repeat(limits.linkFrameBytesMax + 1))).toBe("frame too large");
  });

  it("carry small answers together and large ones alone, in order", () => {
    expect(packFrames(["1", "2", "3"])).toEqual(["[1,2,3]"]);
    expect(packFrames([])).toEqual([]);
    const large = `"${"x".repeat(1 << 20)}"`;
    expect(packFrames(["1", large, "2"])).toEqual(["[1]", `[${large}]`, "[2]"]);
  });

  it("name only methods of the list", () => {
    expect([isMethod("KVS.Get"), isMethod("toString"), isMethod("")]).toEqual([true, false, false]);
  });
});
