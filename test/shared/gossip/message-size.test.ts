// Sizes against packets that real agents have sent (lengths of vectors in gossip-vectors.json).

import { describe, expect, it } from "vitest";
import { messageSize, utf8Bytes } from "../../../shared/gossip/message-size.ts";
import type { GossipAddress } from "../../../shared/gossip/types.ts";

const address = (last: number, port: number): GossipAddress => ({
  ip: new Uint8Array([127, 0, 0, last]),
  port,
});

describe("the size of a message", () => {
  it("is that of the captured ping", () => {
    const source = { node: "beta", address: address(2, 27_002) };
    expect(messageSize({ kind: "ping", sequence: 1, node: "gamma", source })).toBe(66);
  });

  it("is that of the captured alive", () => {
    const alive = {
      kind: "alive" as const,
      incarnation: 1,
      node: "gamma",
      address: address(3, 27_003),
      meta: new Uint8Array([0xff, 0x80]),
      versions: new Uint8Array([1, 5, 2, 2, 5, 5]),
    };
    expect(messageSize(alive)).toBe(63);
  });

  it("counts a user message as its bytes and one for the type", () => {
    expect(messageSize({ kind: "user", payload: new Uint8Array(20) })).toBe(21);
  });

  it("counts names in UTF-8, lone surrogates as the replacement character", () => {
    expect(["node", "é", "€", "𝄞", "\ud834"].map(utf8Bytes)).toEqual([4, 2, 3, 4, 3]);
  });
});
