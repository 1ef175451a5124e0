// Leadership transfer (thesis §3.10) and what it must not break: leases, and the stickiness of voters.

import { describe, expect, it } from "vitest";
import { isTransferred } from "../../../shared/raft/transfer.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

const ids = ["a", "b", "c"] as unknown as readonly [ServerId, ServerId, ServerId];

function start() {
  const cluster = new CoreCluster();
  for (const id of ids) cluster.add(id, group(ids));
  const leader = cluster.elect();
  const followers = ids.filter((id) => id !== leader.id) as [ServerId, ServerId];
  return { cluster, leader, followers };
}

describe("leadership transfer", () => {
  it("hands over within a round trip, at once, to whom was asked for", () => {
    const { cluster, leader, followers } = start();
    const { now } = cluster;
    cluster.take(leader.id, { kind: "propose", commands: ["x"] });
    cluster.take(leader.id, { kind: "transfer", to: followers[1] });
    cluster.settle();
    expect([cluster.leader().id, cluster.now]).toEqual([followers[1], now]);
    expect(leader.state.role).toBe("follower");
    expect(cluster.leader().disk.applied.map((entry) => entry.command)).toContain("x");
  });

  it("brings the target up to date first, and takes no proposals meanwhile", () => {
    const { cluster, leader, followers } = start();
    cluster.isolate(followers[0]);
    cluster.take(leader.id, { kind: "propose", commands: ["x", "y"] });
    cluster.settle();
    cluster.heal();
    cluster.take(leader.id, { kind: "transfer", to: followers[0] });
    expect(cluster.inFlight.some((message) => message.kind === "timeoutNow")).toBe(false);
    const refused = cluster.take(leader.id, { kind: "propose", commands: ["z"] });
    expect(refused.answers).toEqual([{ kind: "refused", leader: followers[0] }]);
    cluster.advance(400);
    expect(cluster.leader().id).toBe(followers[0]);
    expect(cluster.leader().disk.entries.map((entry) => entry.command)).toContain("y");
  });

  it("gives up after an election time-out and leads on", () => {
    const { cluster, leader, followers } = start();
    cluster.isolate(followers[0]);
    cluster.take(leader.id, { kind: "transfer", to: followers[0] });
    cluster.advance(1_100);
    expect(leader.answers.at(-1)).toMatchObject({ kind: "transferRefused" });
    expect(leader.state.role).toBe("leader");
    cluster.take(leader.id, { kind: "propose", commands: ["z"] });
    cluster.advance(100);
    expect(leader.disk.applied.at(-1)?.command).toBe("z");
  });

  it("chooses the voter that holds the most when nobody is named, and refuses what cannot be", () => {
    const { cluster, leader, followers } = start();
    cluster.isolate(followers[0]);
    cluster.take(leader.id, { kind: "propose", commands: ["x"] });
    cluster.settle();
    for (const to of [leader.id, "z" as ServerId]) {
      const effects = cluster.take(leader.id, { kind: "transfer", to });
      expect(effects.answers).toMatchObject([{ kind: "transferRefused" }]);
    }
    cluster.take(leader.id, { kind: "transfer", to: null });
    cluster.settle();
    expect(cluster.leader().id).toBe(followers[1]);
    const alone = new CoreCluster();
    alone.add("a", group([ids[0]]));
    expect(alone.take("a", { kind: "transfer", to: null }).answers).toMatchObject([
      { kind: "transferRefused", reason: expect.stringContaining("no other voter") },
    ]);
  });

  it("ends the lease when it asks, and a voter that answered a later round does not follow a late request", () => {
    const { cluster, leader, followers } = start();
    cluster.take(leader.id, { kind: "propose", commands: ["x"] });
    cluster.settle();
    cluster.take(leader.id, { kind: "read", id: 1, lease: false });
    cluster.settle();
    expect(leader.state.leading!.leaseUntil).toBeGreaterThan(cluster.now);
    cluster.take(leader.id, { kind: "transfer", to: followers[0] });
    cluster.deliverOne((message) => message.to === followers[0]);
    cluster.deliverOne((message) => message.from === followers[0]);
    expect(leader.state.leading!.leaseUntil).toBeLessThan(cluster.now);
    const late = cluster.inFlight.find((message) => message.kind === "timeoutNow") as RaftMessage;
    cluster.inFlight = cluster.inFlight.filter((message) => message !== late);
    cluster.isolate(followers[0]);
    cluster.advance(1_500);
    expect(leader.state.leading!.leaseUntil).toBeGreaterThan(cluster.now);
    cluster.heal();
    cluster.take(followers[0], { kind: "message", message: late });
    cluster.settle();
    expect(cluster.core(followers[1]).state.hard).toMatchObject({ term: 1 });
    expect(cluster.core(followers[0]).state.role).not.toBe("leader");
    const request = { kind: "requestVote", from: followers[0], to: followers[1], term: 2 } as const;
    const last = { index: 9, term: 1 };
    const transfer = { incarnation: 1, round: 1 };
    expect(isTransferred(cluster.core(followers[1]).state, { ...request, last, transfer })).toBe(false);
  });
});
