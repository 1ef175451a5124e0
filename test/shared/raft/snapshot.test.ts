// Snapshot transfer (§7): who gets one, what a loss or a restart costs, and that half of one never shows.

import { describe, expect, it } from "vitest";
import { decodeRaftMessage } from "../../../shared/raft/decode.ts";
import { describeMessage } from "../../../shared/raft/describe.ts";
import { isSnapshotInUse } from "../../../shared/raft/snapshot.ts";
import { configurationOf } from "../../../shared/raft/state.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

const ids = ["a", "b", "c"] as unknown as readonly [ServerId, ServerId, ServerId];

/** Three servers of which one was away while 20 entries were written and the log was dropped. */
function withLaggard() {
  const cluster = new CoreCluster();
  for (const id of ids) cluster.add(id, group(ids));
  const leader = cluster.elect();
  const [behind, other] = ids.filter((id) => id !== leader.id) as [ServerId, ServerId];
  cluster.crash(behind);
  for (let n = 0; n < 20; n += 1) {
    cluster.take(leader.id, { kind: "propose", commands: [`x${n}`] });
    cluster.settle();
  }
  for (const id of [leader.id, other]) cluster.compact(id);
  const seen: RaftMessage[] = [];
  cluster.onMessage = (message) => void seen.push(message);
  const count = (kind: RaftMessage["kind"]) => seen.filter((message) => message.kind === kind).length;
  return { cluster, leader, behind, other, seen, count };
}

const commands = (cluster: CoreCluster, id: string) =>
  cluster.core(id).disk.applied.map((entry) => entry.command);

describe("a follower that is behind the log", () => {
  it("gets the state in chunks, then the log goes on from there", () => {
    const { cluster, leader, behind, seen, count } = withLaggard();
    cluster.restart(behind);
    cluster.advance(2_000);
    expect(commands(cluster, behind)).toEqual(commands(cluster, leader.id));
    expect(count("snapshot")).toBe(11); // 21 entries, two a chunk, none twice
    cluster.take(leader.id, { kind: "propose", commands: ["after"] });
    cluster.advance(1_000);
    expect(commands(cluster, behind).at(-1)).toBe("after");
    expect(cluster.core(behind).disk.base).toEqual({ index: 21, term: 1 });
    expect(isSnapshotInUse(leader.state)).toBe(false);
    for (const message of seen) {
      expect(decodeRaftMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
    }
    const lines = seen.map(describeMessage).filter((line) => line.includes("snapshot"));
    expect(lines).toContain(
      `${leader.id}→${behind} snapshot t1.1 21/1 chunk 1 of 11 round ${/round (\d+)/.exec(lines[0]!)![1]}`,
    );
  });

  it("shows nothing of it before the last chunk is there", () => {
    const { cluster, behind } = withLaggard();
    cluster.restart(behind);
    const before = commands(cluster, behind);
    let chunks = 0;
    cluster.onMessage = (message) => {
      if (message.kind !== "snapshot") return;
      chunks += 1;
      if (chunks < 11) expect(commands(cluster, behind)).toEqual(before);
    };
    cluster.advance(2_000);
    expect(commands(cluster, behind).length).toBeGreaterThan(before.length);
  });

  it("goes on where it stopped after it crashed, and after its leader did", () => {
    const { cluster, leader, behind, count } = withLaggard();
    cluster.restart(behind);
    cluster.stepUntil(() => count("snapshot") >= 5);
    cluster.crash(behind);
    expect(cluster.core(behind).disk.staged).toHaveLength(5);
    cluster.advance(1_500);
    cluster.restart(behind);
    cluster.advance(100);
    cluster.crash(leader.id);
    cluster.restart(leader.id);
    cluster.advance(4_000);
    expect(commands(cluster, behind)).toEqual(commands(cluster, leader.id));
    expect(count("snapshot")).toBeLessThan(20);
  });

  it("gets it through a lossy network, each lost chunk sent again", () => {
    const { cluster, leader, behind } = withLaggard();
    cluster.restart(behind);
    let n = 0;
    for (let i = 0; i < 3_000; i += 1) {
      n += 1;
      if (n % 3 === 0 && cluster.inFlight.length > 0) cluster.inFlight.shift();
      else if (!cluster.deliverOne()) cluster.now += 100;
      for (const core of cluster.cores.values()) {
        if (core.wakeAt !== null && core.wakeAt <= cluster.now) cluster.take(core.id, { kind: "wake" });
      }
    }
    expect(commands(cluster, behind)).toEqual(commands(cluster, leader.id));
  });

  it("starts over when another leader has another cut", () => {
    const { cluster, leader, behind, other } = withLaggard();
    cluster.restart(behind);
    cluster.stepUntil(() => cluster.core(behind).disk.staged.length >= 5);
    const first = cluster.core(behind).disk.receiving;
    cluster.crash(leader.id);
    cluster.stepUntil(() => cluster.core(behind).disk.receiving?.source === other);
    expect([first?.source, cluster.core(behind).disk.staged.length]).toEqual([leader.id, 1]);
    cluster.advance(8_000);
    expect(cluster.leader().id).toBe(other);
    expect(commands(cluster, behind)).toEqual(commands(cluster, other));
  });

  it("takes on the configuration of the snapshot, also when it never knew any", () => {
    const { cluster, leader } = withLaggard();
    cluster.add("d", null);
    cluster.take(leader.id, {
      kind: "change",
      change: { kind: "addNonvoter", id: "d" as ServerId, address: "d:8300" },
    });
    cluster.advance(3_000);
    expect(commands(cluster, "d")).toEqual(commands(cluster, leader.id));
    expect(configurationOf(cluster.core("d").state).servers.map((server) => server.id)).toEqual([
      ...ids,
      "d",
    ]);
    cluster.restart("d");
    expect(configurationOf(cluster.core("d").state).servers).toHaveLength(4);
  });

  it("that holds the position already is not given it", () => {
    const { cluster, leader, other, seen } = withLaggard();
    const cut = {
      last: { index: 21, term: 1 },
      configuration: { index: 0, configuration: group(ids) },
      chunks: 1,
    };
    const message = {
      kind: "snapshot",
      from: leader.id,
      to: other,
      term: 1,
      incarnation: 1,
      round: 99,
    } as const;
    cluster.take(other, { kind: "message", message: { ...message, ...cut, chunk: 0, data: "[]" } });
    cluster.settle();
    expect(seen.at(-1)).toMatchObject({ kind: "appendReply", success: true, matchIndex: 21 });
    expect(commands(cluster, other)).toHaveLength(21);
  });
});
