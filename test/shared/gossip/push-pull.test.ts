// Full state exchange: what is told, what is believed, what is refused as a whole.

import { describe, expect, it } from "vitest";
import { pushPullMessage } from "../../../shared/gossip/push-pull.ts";
import type { PushPullNode } from "../../../shared/gossip/types.ts";
import { bytes, noBytes, oneMember, pushPullNode } from "./one-member.ts";

function message(nodes: readonly PushPullNode[], join = false, userState: Uint8Array = noBytes) {
  return { kind: "pushPull" as const, message: { kind: "pushPull" as const, join, nodes, userState } };
}

describe("a state exchange", () => {
  it("tells every member in its state, and the bytes of the layer above", () => {
    const me = oneMember(["b", "c"]);
    me.hear("b", { kind: "dead", node: "c", incarnation: 1, from: "b" });
    const told = pushPullMessage(me.state, true, bytes("serf"));
    expect(told.nodes.map(({ name, state }) => [name, state])).toEqual([
      ["me", "alive"],
      ["b", "alive"],
      ["c", "dead"],
    ]);
    expect(told).toMatchObject({ join: true, userState: bytes("serf") });
  });

  it("believes who is alive or left, but only suspects who is said to be dead or suspect", () => {
    const me = oneMember(["c", "d", "e"]);
    const effects = me.take(
      message([
        pushPullNode("b", 4, "alive"),
        pushPullNode("c", 1, "left"),
        pushPullNode("d", 1, "dead"),
        pushPullNode("e", 1, "suspect"),
      ]),
    );
    expect(effects.events.map((event) => event.kind)).toEqual(["join", "leave"]);
    expect(["b", "c", "d", "e"].map((name) => me.member(name).state)).toEqual([
      "alive",
      "left",
      "suspect",
      "suspect",
    ]);
  });

  it("makes us rise above what the pool remembers of us, also when that is that we left", () => {
    const me = oneMember(["b"]);
    me.take(message([{ ...pushPullNode("me", 6, "left"), meta: bytes("old") }], true));
    expect(me.member("me")).toMatchObject({ state: "alive", incarnation: 7 });
  });

  it("hands the user state up after the members", () => {
    const me = oneMember();
    const effects = me.take(message([pushPullNode("b", 1, "alive")], true, bytes("serf")));
    expect(effects.events).toMatchObject([
      { kind: "join" },
      { kind: "userState", userState: bytes("serf"), join: true },
    ]);
  });

  it("is refused as a whole when the versions do not fit", () => {
    const me = oneMember(["b"]);
    const old = { ...pushPullNode("z", 1, "alive"), versions: Uint8Array.of(1, 5, 2, 2, 4, 4) };
    const effects = me.take(message([old, pushPullNode("y", 1, "alive")], true, bytes("serf")));
    expect(effects.events).toEqual([
      { kind: "refused", reason: expect.stringContaining("delegate protocol 5 is outside 2 to 4") },
    ]);
    expect(me.state.members.slots.has("y")).toBe(false);
  });

  it("is refused by the layer above when it is a join, and only then", () => {
    const admit = { member: () => null, merge: () => "another datacenter" };
    const me = oneMember([], { admit });
    const nodes = [pushPullNode("b", 1, "alive")];
    expect(me.take(message(nodes, true)).events).toEqual([{ kind: "refused", reason: "another datacenter" }]);
    expect(me.take(message(nodes, false)).events).toMatchObject([{ kind: "join" }]);
  });

  it("happens by itself with a random living member", () => {
    const me = oneMember(["b"], { pushPullIntervalMillis: 400 });
    expect(me.pass(400).pushPulls).toMatchObject([{ to: { name: "b" } }]);
  });
});
