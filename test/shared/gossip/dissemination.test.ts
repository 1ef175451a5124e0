// Spreading: ticks, priorities, packet sizes, and what is too large for any packet.

import { describe, expect, it } from "vitest";
import { nextGossipTick, protocolMax } from "../../../shared/gossip/dissemination.ts";
import { messageSize } from "../../../shared/gossip/message-size.ts";
import { alive, bytes, oneMember, sent } from "./one-member.ts";

function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

describe("gossip", () => {
  it("sends a user message as often as the pool's size wants and reports it once", () => {
    const me = oneMember(["b", "c"]);
    me.pass(20_000);
    me.take({ kind: "broadcast", priority: "event", payload: bytes("deploy"), token: 3 });
    const effects = me.pass(10_000);
    expect(sent(effects, "user")).toHaveLength(4);
    expect(effects.events.filter((event) => event.kind === "transmitted")).toEqual([
      { kind: "transmitted", token: 3 },
    ]);
  });

  it("sends membership first, then intents, queries and events", () => {
    const me = oneMember(["b"]);
    me.pass(20_000);
    for (const priority of ["event", "query", "intent"] as const)
      me.take({ kind: "broadcast", priority, payload: bytes(priority), token: null });
    me.hear("b", alive("c"));
    const ping = {
      kind: "ping" as const,
      sequence: 1,
      node: "me",
      source: { node: "b", address: me.member("b").address },
    };
    const [ack, ...news] = me.hear("b", ping).packets[0]?.messages ?? [];
    expect(ack?.kind).toBe("ack");
    expect(news.map((one) => (one.kind === "user" ? text(one.payload) : one.kind))).toEqual([
      "alive",
      "intent",
      "query",
      "event",
    ]);
  });

  it("fills packets up to their size and no further, with room for encryption", () => {
    const me = oneMember(["b"], { packetOverheadBytes: 29 });
    for (let i = 0; i < 100; i += 1)
      me.hear(
        "b",
        alive(`member-${i}`, 1, { address: me.member("b").address, meta: bytes("x".repeat(i * 4)) }),
      );
    const { packets } = me.pass(5_000);
    const sizes = packets.map(({ messages }) =>
      messages.reduce((sum, message) => sum + messageSize(message) + 2, 2),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_371);
    expect(Math.max(...sizes)).toBeGreaterThan(1_250);
  });

  it("does not take a message that fits no packet, nor an empty one", () => {
    const me = oneMember(["b"]);
    const large = me.take({ kind: "broadcast", priority: "event", payload: new Uint8Array(1_400), token: 1 });
    const empty = me.take({ kind: "broadcast", priority: "event", payload: new Uint8Array(0), token: 2 });
    expect(large.events).toEqual([{ kind: "transmitted", token: 1 }]);
    expect(empty.events).toEqual([{ kind: "transmitted", token: 2 }]);
  });

  it("tells the freshly dead of their death, but not those who left", () => {
    const me = oneMember(["b", "c"]);
    me.hear("x", { kind: "dead", node: "b", incarnation: 1, from: "x" });
    me.hear("c", { kind: "dead", node: "c", incarnation: 1, from: "c" });
    const { packets } = me.pass(1_000);
    expect(new Set(packets.map(({ to }) => to.ip.at(-1)))).toEqual(new Set([98]));
  });

  it("ticks on a grid", () => {
    const me = oneMember(["b"]);
    me.state.gossipPhase = 30;
    expect([1_000, 1_029, 1_030, 1_031].map((now) => nextGossipTick(me.state, now))).toEqual([
      1_030, 1_030, 1_230, 1_230,
    ]);
  });

  it("rests when there is nothing to say", () => {
    const me = oneMember(["b"]);
    me.pass(10_000);
    expect(me.state.gossipDueAt).toBeNull();
  });

  it("reads the protocol of a member from its versions", () => {
    const me = oneMember(["b"]);
    expect(protocolMax(me.member("b"))).toBe(5);
  });
});
