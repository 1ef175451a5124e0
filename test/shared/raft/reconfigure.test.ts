// Changes of membership in a running group (§6, thesis chapter 4): what changeMembership in reconfigure.ts does.

import { describe, expect, it } from "vitest";
import { configurationOf } from "../../../shared/raft/state.ts";
import { changeMembership } from "../../../shared/raft/reconfigure.ts";
import type { MembershipChange, ServerId } from "../../../shared/raft/types.ts";
import { type Core, CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"] as unknown as [
  ServerId,
  ServerId,
  ServerId,
  ServerId,
  ServerId,
];
const address = "d:8300";

describe("a running group", () => {
  const names = (core: Core) =>
    configurationOf(core.state)
      .servers.map((server) => (server.voter ? server.id : `(${server.id})`))
      .join(" ");
  const start = (ids: readonly ServerId[] = [a, b, c]) => {
    const cluster = new CoreCluster();
    for (const id of ids) cluster.add(id, group(ids));
    return { cluster, leader: cluster.elect() };
  };
  const change = (cluster: CoreCluster, core: Core, asked: MembershipChange) => {
    core.answers.length = 0;
    cluster.take(core.id, { kind: "change", change: asked });
    cluster.advance(1_000);
    return core.answers.at(-1);
  };

  it("grows by a server that starts with nothing, first as a non-voter, then as a voter", () => {
    const { cluster, leader } = start([a]);
    cluster.take(a, { kind: "propose", commands: ["x", "y"] });
    cluster.add(b, null);
    expect(change(cluster, leader, { kind: "addVoter", id: b, address: "b:8300" })).toMatchObject({
      kind: "changeRefused",
      reason: expect.stringContaining("add it as a non-voter"),
    });
    expect(change(cluster, leader, { kind: "addNonvoter", id: b, address: "b:8300" })).toMatchObject({
      kind: "changed",
      index: 4,
    });
    expect(cluster.core(b).state).toMatchObject({ appliedIndex: 4, role: "follower" });
    cluster.advance(30_000);
    expect(cluster.core(b).state.hard.term).toBe(1);
    expect(change(cluster, leader, { kind: "addVoter", id: b, address: "b:8300" })?.kind).toBe("changed");
    expect(names(cluster.core(b))).toBe("a b");
    cluster.crash(b);
    cluster.take(a, { kind: "propose", commands: ["z"] });
    cluster.advance(500);
    expect(leader.disk.applied.at(-1)?.command).not.toBe("z"); // a majority of two is two
  });

  it("shrinks: a follower that was removed is told and stays quiet ever after", () => {
    const { cluster, leader } = start();
    const gone = [a, b, c].find((id) => id !== leader.id)!;
    expect(change(cluster, leader, { kind: "remove", id: gone })?.kind).toBe("changed");
    const removed = cluster.core(gone);
    expect(names(removed)).not.toContain(gone);
    const { term } = leader.state.hard;
    cluster.advance(60_000);
    expect([removed.wakeAt, removed.state.role]).toEqual([null, "follower"]);
    expect([leader.state.role, leader.state.hard.term]).toEqual(["leader", term]);
  });

  it("a leader that removes itself serves until that is committed, then another one leads", () => {
    const { cluster, leader } = start();
    expect(change(cluster, leader, { kind: "remove", id: leader.id })?.kind).toBe("changed");
    expect(leader.state.role).toBe("follower");
    cluster.advance(10_000);
    const next = cluster.leader();
    expect(next.id).not.toBe(leader.id);
    expect(names(next).split(" ")).toHaveLength(2);
  });

  it("replaces all servers at once through a joint configuration", () => {
    const { cluster, leader } = start();
    cluster.take(leader.id, { kind: "propose", commands: ["x"] });
    for (const id of [d, e]) {
      cluster.add(id, null);
      change(cluster, leader, { kind: "addNonvoter", id, address: `${id}:8300` });
    }
    const keep = [a, b, c].find((id) => id !== leader.id)!;
    const servers = group([keep, d, e]).servers;
    expect(change(cluster, leader, { kind: "replace", servers })?.kind).toBe("changed");
    expect(leader.state.role).toBe("follower");
    cluster.advance(10_000);
    const next = cluster.leader();
    expect([keep, d, e]).toContain(next.id);
    expect(configurationOf(next.state)).toEqual({ servers, outgoing: [] });
    expect(cluster.core(d).disk.applied.some((entry) => entry.command === "x")).toBe(true);
  });

  it("refuses a second change before the first is committed", () => {
    const { cluster, leader } = start();
    const [one, other] = [a, b, c].filter((id) => id !== leader.id) as [ServerId, ServerId];
    changeMembership(leader.state, leader.state.leading!, { kind: "remove", id: one }, cluster.now);
    cluster.take(leader.id, { kind: "change", change: { kind: "remove", id: other } });
    expect(leader.answers.at(-1)).toMatchObject({ reason: expect.stringContaining("under way") });
  });

  it("refuses any change before the leader has committed an entry of its own term", () => {
    const { cluster, leader } = start();
    cluster.crash(leader.id);
    const [one, other] = [a, b, c].filter((id) => id !== leader.id) as [ServerId, ServerId];
    cluster.onMessage = (message) => {
      if (message.kind === "voteReply" && message.granted) cluster.isolate(one, [other]);
    };
    for (let i = 0; i < 60 && cluster.inFlight.every((message) => message.kind !== "append"); i += 1) {
      cluster.advance(0);
      cluster.now += 100;
      for (const id of [one, other]) cluster.take(id, { kind: "wake" });
      while (cluster.deliverOne((message) => message.kind !== "append"));
    }
    const next = cluster.leader();
    cluster.take(next.id, { kind: "change", change: { kind: "remove", id: leader.id } });
    expect(next.answers.at(-1)).toMatchObject({ reason: expect.stringContaining("its own term") });
  });

  it("refuses to take away a server that the quorum needs", () => {
    const { cluster, leader } = start();
    const [one, other] = [a, b, c].filter((id) => id !== leader.id) as [ServerId, ServerId];
    cluster.crash(one);
    cluster.advance(4_000);
    expect(change(cluster, leader, { kind: "remove", id: other })).toMatchObject({
      reason: expect.stringContaining(one),
    });
    expect(change(cluster, leader, { kind: "remove", id: one })?.kind).toBe("changed");
  });

  it("a configuration that was never committed is undone by the next leader", () => {
    const { cluster, leader } = start();
    cluster.isolate(leader.id);
    cluster.take(leader.id, { kind: "change", change: { kind: "addNonvoter", id: d, address } });
    expect(names(leader)).toContain("(d)");
    cluster.advance(10_000);
    cluster.heal();
    cluster.advance(5_000);
    expect(names(leader)).toBe("a b c");
    expect(leader.disk.configurations).toHaveLength(1);
  });

  it("of two goes on when the leader was cut off while it removed itself (§4.2.2; simulator)", () => {
    for (const kind of ["remove", "demote"] as const) {
      const { cluster, leader } = start([a, b]);
      const other = cluster.core(leader.id === a ? b : a);
      cluster.isolate(leader.id);
      cluster.take(leader.id, { kind: "change", change: { kind, id: leader.id } });
      cluster.advance(10_000);
      expect([leader.state.role, other.state.role]).not.toContain("leader");
      cluster.heal();
      cluster.advance(20_000);
      // Only its log could win: it led for as long as it took to hand on the change.
      expect(cluster.leader().id).toBe(other.id);
      expect(leader.state.role).toBe("follower");
      expect(configurationOf(other.state).servers.filter((server) => server.voter)).toHaveLength(1);
    }
  });

  it("sleeps although a server campaigns that does not know that it was removed (simulator)", () => {
    const cluster = new CoreCluster("quiescent");
    for (const id of [a, b, c]) cluster.add(id, group([a, b, c]));
    const leader = cluster.elect();
    const gone = [a, b, c].find((id) => id !== leader.id)!;
    cluster.isolate(gone);
    expect(change(cluster, leader, { kind: "remove", id: gone })?.kind).toBe("changed");
    cluster.advance(20_000);
    expect(leader.wakeAt).toBe(null);
    cluster.heal();
    let stirred = 0;
    cluster.onMessage = (message) => {
      if (message.kind === "stir" && message.from !== gone) stirred += 1;
    };
    cluster.take(gone, { kind: "stir" });
    cluster.advance(120_000);
    expect([stirred, leader.wakeAt, leader.state.role]).toEqual([0, null, "leader"]);
  });

  it("goes on with its configuration after a restart", () => {
    const { cluster, leader } = start([a]);
    cluster.add(b, null);
    change(cluster, leader, { kind: "addNonvoter", id: b, address: "b:8300" });
    cluster.crash(a);
    const again = cluster.restart(a);
    expect(names(again)).toBe("a (b)");
    cluster.advance(1_000);
    expect(again.state.role).toBe("leader");
  });

  it("begins with a bootstrap, the same on every server", () => {
    const cluster = new CoreCluster();
    for (const id of [a, b, c]) cluster.add(id, null);
    cluster.advance(60_000);
    expect([...cluster.cores.values()].map((core) => core.state.hard.term)).toEqual([0, 0, 0]);
    for (const id of [a, b, c]) {
      cluster.take(id, { kind: "bootstrap", configuration: group([a, b, c]) });
    }
    cluster.elect();
    expect(() => cluster.take(a, { kind: "bootstrap", configuration: group([a]) })).toThrow("any state");
    expect(cluster.core(b).disk.configurations).toEqual([{ index: 0, configuration: group([a, b, c]) }]);
  });
});
