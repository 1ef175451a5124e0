// One probe through its stages, and what others ask of us (gossip-protocol reference, section 9).

import { describe, expect, it } from "vitest";
import type { GossipEffects, Ping } from "../../../shared/gossip/types.ts";
import { alive, at, bytes, noBytes, oneMember, type OneMember, sent, versions } from "./one-member.ts";

/** Lets time pass until the next ping. */
function untilPing(me: OneMember): { ping: Ping; effects: GossipEffects } {
  for (let tries = 0; tries < 400; tries += 1) {
    const effects = me.pass(50);
    const ping = sent(effects, "ping").at(-1);
    if (ping !== undefined) return { ping, effects };
  }
  throw new Error("no ping");
}

describe("a probe", () => {
  it("asks a member directly and takes its answer as a sample", () => {
    const me = oneMember(["b"]);
    const { ping } = untilPing(me);
    expect(ping).toMatchObject({ node: "b", source: { node: "me", address: at(109) } });
    me.now += 3;
    const effects = me.hear("b", { kind: "ack", sequence: ping.sequence, payload: bytes("coordinate") });
    expect(effects.events).toMatchObject([
      { kind: "pinged", member: { name: "b" }, payload: bytes("coordinate") },
    ]);
    expect(me.state.probe).toBeNull();
  });

  it("asks three others and a stream when there is no answer, then suspects at the interval's end", () => {
    const me = oneMember(["b", "c", "d", "e", "f"]);
    const { ping } = untilPing(me);
    const asked = me.pass(500);
    const requests = sent(asked, "indirectPing");
    expect(requests).toHaveLength(3);
    expect(requests[0]).toMatchObject({ sequence: ping.sequence, node: ping.node, nack: true });
    expect(asked.streamPings).toMatchObject([{ to: { name: ping.node }, ping: { sequence: ping.sequence } }]);
    me.pass(500);
    expect(me.member(ping.node).state).toBe("suspect");
  });

  it("is saved by an answer through others, which is no sample", () => {
    const me = oneMember(["b", "c", "d"]);
    const { ping } = untilPing(me);
    me.pass(600);
    const effects = me.hear("c", { kind: "ack", sequence: ping.sequence, payload: noBytes });
    expect(effects.events).toEqual([]);
    expect(me.state.probe).toBeNull();
    expect(me.member(ping.node).state).toBe("alive");
  });

  it("is saved by the stream", () => {
    const me = oneMember(["b"]);
    const { ping } = untilPing(me);
    me.pass(600);
    me.take({ kind: "streamPinged", sequence: ping.sequence, ok: true });
    expect(me.state.probe).toBeNull();
    expect(me.state.counters.probesSavedByStream).toBe(1);
  });

  it("lowers our own health by every nack that did not come", () => {
    const me = oneMember(["b", "c", "d", "e", "f"]);
    const { ping } = untilPing(me);
    me.pass(600);
    me.hear("c", { kind: "nack", sequence: ping.sequence });
    me.pass(400);
    expect(me.state.counters.probesFailed).toBe(1);
    expect(me.state.healthScore).toBe(2);
  });

  it("lasts longer when our health is bad", () => {
    const me = oneMember(["b"]);
    me.state.healthScore = 3;
    untilPing(me);
    expect((me.state.probe?.endsAt ?? 0) - (me.state.probe?.sentAt ?? 0)).toBe(4_000);
  });

  it("of a suspect tells it of the suspicion in the same packet (buddy system)", () => {
    const me = oneMember(["b", "c"]);
    me.hear("c", { kind: "suspect", node: "b", incarnation: 1, from: "c" });
    me.hear("c", { kind: "dead", node: "c", incarnation: 1, from: "c" });
    const { effects } = untilPing(me);
    const packet = effects.packets.find(({ messages }) => messages[0]?.kind === "ping");
    expect(packet).toMatchObject({
      checksum: true,
      messages: [{ kind: "ping" }, { kind: "suspect", node: "b", incarnation: 1, from: "me" }],
    });
  });

  it("that we slept through accuses nobody", () => {
    const me = oneMember(["b", "c"]);
    untilPing(me);
    me.hear("c", { kind: "suspect", node: "b", incarnation: 1, from: "c" });
    me.now += 60_000;
    me.take({ kind: "wake" });
    expect(me.state.counters.stalls).toBe(1);
    expect(["b", "c"].map((name) => me.member(name).state)).toEqual(["suspect", "alive"]);
    expect(me.state.healthScore).toBe(1);
  });

  it("visits every member once a round and forgets the long dead between rounds", () => {
    const me = oneMember(["b", "c", "d", "e"]);
    me.hear("b", { kind: "dead", node: "e", incarnation: 1, from: "b" });
    const visited: string[] = [];
    const visit = (probes: number) => {
      for (let probe = 0; probe < probes; probe += 1) {
        const { ping } = untilPing(me);
        visited.push(ping.node);
        me.hear(ping.node, { kind: "ack", sequence: ping.sequence, payload: noBytes });
      }
    };
    visit(60);
    // Four state exchanges, 120 s: who missed the news cannot bring the dead back to those who have forgotten.
    expect(me.state.members.slots.has("e")).toBe(true);
    visit(66);
    for (let round = 0; round < 42; round += 1)
      expect(visited.slice(round * 3, round * 3 + 3).sort()).toEqual(["b", "c", "d"]);
    expect(me.state.members.slots.has("e")).toBe(false);
  });

  it("forgets after 30 s where the dead outnumber the living: a flood of forged members is not kept for long", () => {
    const me = oneMember(["b", "c", "d", "e", "f", "g"]);
    for (const node of ["c", "d", "e", "f", "g"])
      me.hear("b", { kind: "dead", node, incarnation: 1, from: "b" });
    for (let probe = 0; probe < 33; probe += 1) {
      const { ping } = untilPing(me);
      me.hear("b", { kind: "ack", sequence: ping.sequence, payload: noBytes });
    }
    expect([...me.state.members.slots.keys()].sort()).toEqual(["b", "me"]);
  });
});

describe("answering", () => {
  it("acks to the address in the ping, with our payload, and only when we are meant", () => {
    const me = oneMember(["b"]);
    me.take({ kind: "ackPayload", payload: bytes("here") });
    const source = { node: "b", address: at(98) };
    const effects = me.hear("x", { kind: "ping", sequence: 9, node: "me", source });
    expect(effects.packets[0]).toMatchObject({ to: at(98) });
    expect(sent(effects, "ack")).toEqual([{ kind: "ack", sequence: 9, payload: bytes("here") }]);
    expect(me.hear("x", { kind: "ping", sequence: 9, node: "other", source }).packets).toEqual([]);
    expect(me.hear("x", { kind: "ping", sequence: 9, node: "", source: null }).packets[0]?.to).toEqual(
      at(120),
    );
  });

  it("sends strangers no more than the ack: their address may be forged", () => {
    const me = oneMember(["b"]);
    const source = { node: "stranger", address: at(250) };
    const effects = me.hear("x", { kind: "ping", sequence: 9, node: "me", source });
    expect(effects.packets).toHaveLength(1);
    expect(effects.packets[0]?.messages).toHaveLength(1);
    expect(
      me.hear("b", { kind: "ping", sequence: 9, node: "", source: { node: "b", address: at(98) } }).packets[0]
        ?.messages.length,
    ).toBeGreaterThan(1);
  });

  it("pings for others and brings the answer back without its payload", () => {
    const me = oneMember(["b", "c"]);
    const request = {
      kind: "indirectPing" as const,
      sequence: 77,
      target: at(99),
      node: "c",
      nack: true,
      source: { node: "b", address: at(98) },
    };
    const ping = sent(me.hear("b", request), "ping")[0];
    expect(ping).toMatchObject({ node: "c" });
    const back = me.hear("c", { kind: "ack", sequence: ping?.sequence ?? 0, payload: bytes("coordinate") });
    expect(back.packets).toMatchObject([
      { to: at(98), messages: [{ kind: "ack", sequence: 77, payload: noBytes }] },
    ]);
  });

  it("says that it got no answer at four fifths of the timeout, and forgets the request at its end", () => {
    const me = oneMember(["b", "c"]);
    const source = { node: "b", address: at(98) };
    me.hear("b", { kind: "indirectPing", sequence: 77, target: at(99), node: "c", nack: true, source });
    expect(sent(me.pass(390), "nack")).toEqual([]);
    expect(sent(me.pass(20), "nack")).toEqual([{ kind: "nack", sequence: 77 }]);
    me.pass(100);
    expect(me.state.relays.size).toBe(0);
  });

  it("has a limit on requests of others", () => {
    const me = oneMember(["b"]);
    const source = { node: "b", address: at(98) };
    for (let sequence = 0; sequence < 2_000; sequence += 1)
      me.hear("b", { kind: "indirectPing", sequence, target: at(99), node: "c", nack: true, source });
    expect(me.state.relays.size).toBe(1_024);
    expect(me.state.counters.refused).toBe(976);
  });
});

describe("timers", () => {
  it("do not run while we are alone", () => {
    const me = oneMember();
    expect(me.take({ kind: "wake" }).wakeAt).toBeNull();
    expect(me.hear("b", alive("b")).wakeAt).not.toBeNull();
  });

  it("knows a peer that cannot take a stream ping", () => {
    const me = oneMember();
    me.hear("b", alive("b", 1, { versions: Uint8Array.of(...versions.map((v, i) => (i === 1 ? 2 : v))) }));
    untilPing(me);
    expect(me.pass(600).streamPings).toEqual([]);
  });
});
