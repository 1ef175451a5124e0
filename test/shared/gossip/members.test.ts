// The merge rules, one by one (gossip-protocol reference, sections 8.1 to 8.6).

import { describe, expect, it } from "vitest";
import { alive, at, bytes, noBytes, oneMember, pushPullNode, sent, versions } from "./one-member.ts";

describe("alive", () => {
  it("makes a stranger a member, tells the layer above and passes it on", () => {
    const me = oneMember();
    const effects = me.hear("b", alive("b", 3));
    expect(effects.events).toMatchObject([{ kind: "join", member: { name: "b", incarnation: 3 } }]);
    expect(sent(me.pass(1_000), "alive")).toContainEqual(alive("b", 3));
  });

  it("counts only under a higher incarnation", () => {
    const me = oneMember(["b"]);
    expect(me.hear("b", alive("b", 1, { meta: bytes("x") })).events).toEqual([]);
    expect(me.hear("b", alive("b", 2, { meta: bytes("x") })).events).toMatchObject([{ kind: "update" }]);
    expect(me.hear("b", alive("b", 3, { meta: bytes("x") })).events).toEqual([]);
    expect(me.member("b").incarnation).toBe(3);
  });

  it("at another address is a conflict, and the first one stays", () => {
    const me = oneMember(["b"]);
    const effects = me.hear("x", alive("b", 9, { address: at(200) }));
    expect(effects.events).toMatchObject([
      { kind: "conflict", existing: { name: "b" }, other: { incarnation: 9 } },
    ]);
    expect(me.member("b").address).toEqual(at(98));
  });

  it("takes the IPv4-mapped form of an address for another one", () => {
    const me = oneMember(["b"]);
    const ip = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 98);
    expect(me.hear("b", alive("b", 2, { address: { ip, port: 8301 } })).events).toMatchObject([
      { kind: "conflict" },
    ]);
  });

  it("takes over the address of one who left at once, whatever the incarnation", () => {
    const me = oneMember(["b"]);
    me.hear("b", { kind: "dead", node: "b", incarnation: 1, from: "b" });
    expect(me.hear("x", alive("b", 1)).events).toEqual([]); // same address, same incarnation: stays left
    expect(me.hear("x", alive("b", 1, { address: at(200) })).events).toMatchObject([{ kind: "join" }]);
    expect(me.member("b")).toMatchObject({ state: "alive", address: at(200) });
  });

  it("takes over the address of a dead one only after the reclaim time", () => {
    const me = oneMember(["b", "c"], { deadNodeReclaimMillis: 30_000 });
    me.hear("c", { kind: "dead", node: "b", incarnation: 1, from: "c" });
    const moved = alive("b", 1, { address: at(200) });
    expect(me.hear("x", moved).events).toMatchObject([{ kind: "conflict" }]);
    me.now += 30_001;
    expect(me.hear("x", moved).events.at(-1)).toMatchObject({ kind: "join" });
  });

  it("is refused with impossible versions, over-long tags and names, and incarnations that leave no room", () => {
    const me = oneMember();
    me.hear("b", alive("b", 1, { versions: Uint8Array.of(0, 5, 2, 2, 5, 5) }));
    me.hear("b", alive("b", 1, { versions: Uint8Array.of(5, 1, 2, 2, 5, 5) }));
    me.hear("b", alive("b", 1, { meta: new Uint8Array(1_025) }));
    me.hear("b", alive("b", 0xffff_ffff), alive("", 1), alive("b".repeat(257)));
    expect(me.state.members.slots.size).toBe(1);
    expect(me.state.counters.refused).toBe(6);
  });

  it("is accepted with 700 bytes of tags, as real agents do", () => {
    const me = oneMember();
    expect(me.hear("b", alive("b", 1, { meta: new Uint8Array(700) })).events).toHaveLength(1);
  });

  it("is refused when it could not talk with us: as a member it would end every join of others", () => {
    const me = oneMember();
    for (const odd of [
      [162, 200, 170, 2, 5, 5],
      [1, 5, 2, 6, 9, 7],
      [1, 1, 1, 2, 5, 5],
    ]) {
      const effects = me.hear("b", alive("b", 1, { versions: Uint8Array.from(odd) }));
      expect(effects.events).toEqual([
        { kind: "refused", reason: expect.stringContaining("does not fit ours") },
      ]);
    }
    expect(me.state.members.slots.has("b")).toBe(false);
    me.take({
      kind: "pushPull",
      message: { kind: "pushPull", join: true, nodes: [pushPullNode("c", 1, "alive")], userState: noBytes },
    });
    expect(me.member("c").state).toBe("alive");
  });

  it("keeps the versions it had when the message brings none", () => {
    const me = oneMember(["b"]);
    me.hear("b", alive("b", 2, { versions: noBytes }));
    expect(me.member("b").versions).toEqual(versions);
  });

  it("asks the layer above before it believes", () => {
    const admit = { member: () => "wrong datacenter", merge: () => null };
    const me = oneMember([], { admit });
    expect(me.hear("b", alive("b")).events).toEqual([{ kind: "refused", reason: "wrong datacenter" }]);
  });
});

describe("suspect and dead", () => {
  it("suspects, passes it on once for each new accuser, and declares death when nobody refutes", () => {
    const me = oneMember(["b", "c", "d", "e"]);
    me.hear("c", { kind: "suspect", node: "b", incarnation: 1, from: "c" });
    expect(me.member("b").state).toBe("suspect");
    const ends = me.state.suspicions.get("b")?.endsAt ?? 0;
    expect(ends - me.now).toBe(24_000);
    me.hear("c", { kind: "suspect", node: "b", incarnation: 1, from: "c" });
    expect(me.state.suspicions.get("b")?.endsAt).toBe(ends);
    me.hear("d", { kind: "suspect", node: "b", incarnation: 1, from: "d" });
    expect((me.state.suspicions.get("b")?.endsAt ?? 0) - me.now).toBe(11_381);
    me.hear("e", { kind: "suspect", node: "b", incarnation: 1, from: "e" });
    expect((me.state.suspicions.get("b")?.endsAt ?? 0) - me.now).toBe(4_000);
    me.state.wakeAt = null; // the others' silence is not what is tested here
    me.now += 4_000;
    const effects = me.take({ kind: "wake" });
    expect(effects.events).toContainEqual(
      expect.objectContaining({
        kind: "leave",
        member: expect.objectContaining({ name: "b", state: "dead" }),
      }),
    );
  });

  it("believes a higher incarnation over a suspicion", () => {
    const me = oneMember(["b", "c"]);
    me.hear("c", { kind: "suspect", node: "b", incarnation: 1, from: "c" });
    me.hear("b", alive("b", 1));
    expect(me.member("b").state).toBe("suspect");
    me.hear("b", alive("b", 2));
    expect(me.member("b").state).toBe("alive");
    expect(me.state.suspicions.size).toBe(0);
  });

  it("ignores news about an earlier incarnation, and about strangers", () => {
    const me = oneMember();
    me.hear("b", alive("b", 5));
    me.hear("c", { kind: "suspect", node: "b", incarnation: 4, from: "c" });
    me.hear("c", { kind: "dead", node: "b", incarnation: 4, from: "c" });
    me.hear("c", { kind: "dead", node: "nobody", incarnation: 4, from: "c" });
    expect(me.member("b").state).toBe("alive");
    expect(me.state.members.slots.size).toBe(2);
  });

  it("tells one who left from one who failed by who says so", () => {
    const me = oneMember(["b", "c"]);
    me.hear("b", { kind: "dead", node: "b", incarnation: 1, from: "b" });
    me.hear("b", { kind: "dead", node: "c", incarnation: 1, from: "b" });
    expect(me.member("b").state).toBe("left");
    expect(me.member("c").state).toBe("dead");
  });
});

describe("what is said about ourselves", () => {
  it("is refuted above what we are accused of", () => {
    const me = oneMember(["b"]);
    me.hear("b", { kind: "suspect", node: "me", incarnation: 1, from: "b" });
    expect(me.member("me")).toMatchObject({ state: "alive", incarnation: 2 });
    me.hear("b", { kind: "dead", node: "me", incarnation: 50, from: "b" });
    expect(me.member("me")).toMatchObject({ state: "alive", incarnation: 51 });
    expect(me.state.healthScore).toBe(2);
    expect(sent(me.pass(400), "alive")).toContainEqual(
      expect.objectContaining({ node: "me", incarnation: 51 }),
    );
  });

  it("is overruled when others remember an earlier life of ours", () => {
    const me = oneMember(["b"]);
    const self = me.member("me");
    const echo = alive("me", 1, { address: self.address, meta: self.meta });
    me.hear("b", echo);
    expect(me.member("me").incarnation).toBe(1);
    me.hear("b", { ...echo, incarnation: 4 });
    expect(me.member("me").incarnation).toBe(5);
    me.hear("b", { ...echo, incarnation: 5, meta: bytes("old tags") });
    expect(me.member("me")).toMatchObject({ incarnation: 6, meta: bytes("tags") });
  });

  it("is a conflict when it comes from another address", () => {
    const me = oneMember(["b"]);
    const effects = me.hear("b", alive("me", 9, { address: at(200) }));
    expect(effects.events).toMatchObject([{ kind: "conflict", existing: { name: "me" } }]);
    expect(me.member("me").incarnation).toBe(1);
  });

  it("changes with our tags, under a new incarnation", () => {
    const me = oneMember(["b"]);
    const effects = me.take({ kind: "meta", meta: bytes("new") });
    expect(effects.events).toMatchObject([{ kind: "update", member: { name: "me" } }]);
    expect(sent(me.pass(400), "alive")).toContainEqual(
      expect.objectContaining({ node: "me", incarnation: 2, meta: bytes("new") }),
    );
  });
});

describe("an incarnation that no life can have reached", () => {
  const far = 0x7fff_ffff;

  it("is believed of nobody who is known, so that one forged message buries nobody for good", () => {
    const me = oneMember(["b", "c"]);
    me.hear("x", alive("b", far), { kind: "suspect", node: "b", incarnation: far, from: "c" });
    me.hear("x", { kind: "dead", node: "b", incarnation: far, from: "c" });
    expect(me.member("b")).toMatchObject({ state: "alive", incarnation: 1 });
    expect(me.state.counters.refused).toBe(3);
  });

  it("is not chased by us: others would refuse our refutation", () => {
    const me = oneMember(["b"]);
    me.hear("x", { kind: "dead", node: "me", incarnation: far, from: "b" });
    expect(me.member("me").incarnation).toBe(1);
  });

  it("leaves half of the numbers to a member that was not known", () => {
    const me = oneMember();
    me.hear("x", alive("b", 0x8000_0001));
    expect(me.state.members.slots.has("b")).toBe(false);
    me.hear("x", alive("b", 0x8000_0000));
    expect(me.state.members.slots.has("b")).toBe(true);
  });
});

describe("leaving", () => {
  it("is announced as our own death and reported when that was transmitted", () => {
    const me = oneMember(["b"]);
    me.pass(3_000);
    const first = me.take({ kind: "leave" });
    expect(first.events.map((event) => event.kind)).toEqual(["leave"]);
    const rest = me.pass(2_000);
    expect(sent(rest, "dead")[0]).toEqual({ kind: "dead", node: "me", incarnation: 1, from: "me" });
    expect(rest.events.filter((event) => event.kind === "left")).toHaveLength(1);
  });

  it("is done at once when nobody is there", () => {
    const me = oneMember();
    expect(me.take({ kind: "leave" }).events.map((event) => event.kind)).toEqual(["leave", "left"]);
  });

  it("refutes nothing any more, but answers pings", () => {
    const me = oneMember(["b"]);
    me.take({ kind: "leave" });
    me.hear("b", alive("me", 9), { kind: "suspect", node: "me", incarnation: 9, from: "b" });
    expect(me.member("me")).toMatchObject({ state: "left", incarnation: 1 });
    const ping = { kind: "ping" as const, sequence: 5, node: "me", source: null };
    expect(sent(me.hear("b", ping), "ack")).toMatchObject([{ sequence: 5 }]);
  });
});
