import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import {
  createReplyTexts,
  decodeAgentFrame,
  isMethod,
  packFrames,
} from "../../../worker/server/link-frames.ts";

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

describe("texts of replies", () => {
  const meta = { index: 5 };
  const large = Object.freeze([Object.freeze({ Node: "n".repeat(2_000) })]);

  it("name a large answer that did not change, and say only that to an agent that has it", () => {
    const texts = createReplyTexts("life");
    const first = JSON.parse(texts.reply(1, { meta, value: large }, "")) as { tag: string; chars: number };
    expect(first).toMatchObject({ t: "reply", id: 1, value: { meta, value: large }, tag: "life.1" });
    expect(first.chars).toBe(JSON.stringify(large).length);
    expect(texts.reply(2, { meta: { index: 6 }, value: large }, "life.1")).toBe(
      '{"t":"same","id":2,"meta":{"index":6}}',
    );
    expect(JSON.parse(texts.reply(3, { meta, value: large }, "other.1"))).toMatchObject({
      t: "reply",
      tag: "life.1",
    });
    const changed = Object.freeze([...large, 1]);
    expect(JSON.parse(texts.reply(4, { meta, value: changed }, "life.1"))).toMatchObject({ tag: "life.2" });
  });

  it("are whole for agents that do not ask for names, for small answers and for those that may yet change", () => {
    const texts = createReplyTexts("life");
    expect(JSON.parse(texts.reply(1, { meta, value: large }, undefined))).toEqual({
      ...{ t: "reply", id: 1, value: { meta, value: large } },
    });
    const small = Object.freeze({ a: 1 });
    expect(texts.reply(2, { meta, value: small }, "")).not.toContain("tag");
    expect(texts.reply(3, { meta, value: [...large] }, "")).not.toContain("tag");
    expect(JSON.parse(texts.reply(4, true, undefined))).toEqual({ t: "reply", id: 4, value: true });
    expect(JSON.parse(texts.reply(5, { meta, value: null }, ""))).toEqual({
      t: "reply",
      id: 5,
      value: { meta, value: null },
    });
  });
});
