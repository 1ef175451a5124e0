// Lost majority (recover.ts) and what becomes of those who come back from the epoch before (epoch.ts).

import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import { isForeign, stamped } from "../../../shared/raft/epoch.ts";
import { clusterOf } from "../../../shared/raft/membership.ts";
import { refusalOfRecovery } from "../../../shared/raft/recover.ts";
import { configurationOf } from "../../../shared/raft/state.ts";
import type { Configuration, RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

const ids = ["a", "b", "c"] as unknown as readonly [ServerId, ServerId, ServerId];

const forced = (survivor: ServerId, others: readonly ServerId[]): Configuration => ({
  servers: [
    ...group([survivor]).servers,
    ...others.map((id) => ({ id, address: `${id}:8300`, voter: false })),
  ],
  outgoing: [],
});

/** The survivor missed what the other two committed last, and lost both. */
function lostMajority() {
  const cluster = new CoreCluster();
  for (const id of ids) cluster.add(id, group(ids));
  const leader = cluster.elect();
  const [survivor, other] = ids.filter((id) => id !== leader.id) as [ServerId, ServerId];
  cluster.take(leader.id, { kind: "propose", commands: ["kept"] });
  cluster.advance(1_000);
  cluster.isolate(survivor);
  cluster.take(leader.id, { kind: "propose", commands: ["only there"] });
  cluster.advance(100);
  cluster.crash(leader.id);
  cluster.crash(other);
  cluster.heal();
  cluster.advance(10_000);
  const configuration = forced(survivor, [leader.id, other]);
  return { cluster, survivor: cluster.core(survivor), gone: [leader.id, other] as const, configuration };
}
const commands = (cluster: CoreCluster, id: string) =>
  cluster
    .core(id)
    .disk.applied.map((entry) => entry.command)
    .filter((text) => !text.startsWith("conf") && text !== "");

describe("recovery of a lost majority", () => {
  it("makes the survivor lead alone with what it holds, in a new epoch", () => {
    const { cluster, survivor, configuration } = lostMajority();
    expect(refusalOfRecovery(survivor.state, configuration, 1, cluster.now)).toBeNull();
    cluster.take(survivor.id, { kind: "recover", configuration, epoch: 1 });
    cluster.take(survivor.id, { kind: "propose", commands: ["new"] });
    cluster.advance(100);
    expect(survivor.state).toMatchObject({ role: "leader", hard: { epoch: 1 } });
    expect(commands(cluster, survivor.id)).toEqual(["kept", "new"]);
    cluster.restart(survivor.id);
    cluster.advance(3_000);
    expect(cluster.core(survivor.id).state).toMatchObject({ role: "leader", hard: { epoch: 1 } });
  });

  it("gives those who come back the new state, whatever their logs hold", () => {
    const { cluster, survivor, gone, configuration } = lostMajority();
    cluster.take(survivor.id, { kind: "recover", configuration, epoch: 1 });
    cluster.take(survivor.id, { kind: "propose", commands: ["new"] });
    cluster.advance(1_000);
    for (const id of gone) cluster.restart(id);
    for (const id of gone) expect(commands(cluster, id)).toContain("only there");
    cluster.advance(5_000);
    for (const id of gone) {
      expect(commands(cluster, id)).toEqual(["kept", "new"]);
      expect(cluster.core(id).state).toMatchObject({ newerEpoch: null, hard: { epoch: 1 } });
      expect(configurationOf(cluster.core(id).state)).toEqual(configuration);
    }
    const back = gone[0];
    cluster.take(survivor.id, { kind: "change", change: { kind: "addVoter", id: back, address: "x" } });
    cluster.advance(1_000);
    cluster.take(survivor.id, { kind: "propose", commands: ["together"] });
    cluster.advance(1_000);
    expect(commands(cluster, back).at(-1)).toBe("together");
    cluster.advance(10_000);
    expect(cluster.leader().id).toBe(survivor.id);
  });

  it("deposes a leader of the older epoch as soon as it hears of the newer one", () => {
    const { cluster, survivor, gone, configuration } = lostMajority();
    cluster.take(survivor.id, { kind: "recover", configuration, epoch: 1 });
    cluster.isolate(survivor.id);
    for (const id of gone) cluster.restart(id);
    cluster.advance(10_000);
    const old = cluster.core(gone.find((id) => cluster.core(id).state.role === "leader")!);
    cluster.heal();
    cluster.advance(3_000);
    expect(old.state).toMatchObject({ role: "follower", hard: { epoch: 1 } });
    expect(commands(cluster, old.id)).toEqual(["kept"]);
    expect(survivor.state.role).toBe("leader");
  });

  it("leaves quiet whom the new configuration forgot: it learns that it was left behind and asks nobody any more", () => {
    const { cluster, survivor, gone } = lostMajority();
    cluster.take(survivor.id, { kind: "recover", configuration: forced(survivor.id, []), epoch: 1 });
    const core = cluster.restart(gone[0]);
    cluster.advance(20_000);
    expect(core.state).toMatchObject({ role: "follower", newerEpoch: 1, hard: { epoch: 0 } });
    expect(core.wakeAt).toBeNull();
    expect(refusalOfRecovery(core.state, forced(core.id, []), 1, cluster.now)).toContain("left behind");
  });

  it("is refused while a majority may be alive, twice, and for a configuration that could not work", () => {
    const cluster = new CoreCluster();
    for (const id of ids) cluster.add(id, group(ids));
    const leader = cluster.elect();
    const follower = cluster.core(ids.find((id) => id !== leader.id)!);
    const ask = (core: typeof leader, configuration = forced(core.id, []), epoch = 1) =>
      refusalOfRecovery(core.state, configuration, epoch, cluster.now);
    expect(ask(leader)).toContain("is the leader");
    expect(ask(follower)).toContain("was heard");
    expect(ask(cluster.add("z", null))).toContain("bootstrap it instead");
    const { cluster: other, survivor, configuration } = lostMajority();
    expect(refusalOfRecovery(survivor.state, configuration, 2, other.now)).toContain("begins epoch 1");
    expect(refusalOfRecovery(survivor.state, group(ids), 1, other.now)).toContain("only voter");
    other.take(survivor.id, { kind: "recover", configuration, epoch: 1 });
    expect(refusalOfRecovery(survivor.state, configuration, 1, other.now)).toContain("begins epoch 2");
  });
});

describe("a recovery at a random moment", () => {
  it("ends with the survivor's history on every server, whatever the others had and whenever they come back", () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      let random = seed;
      const roll = (sides: number): number => {
        const drawn = nextRandom(random);
        random = drawn.state;
        return Math.floor(drawn.value * sides);
      };
      const cluster = new CoreCluster();
      for (const id of ids) cluster.add(id, group(ids));
      let writes = 0;
      const disturb = (turns: number, alive: readonly ServerId[]): void => {
        for (let turn = 0; turn < turns; turn += 1) {
          const id = alive[roll(alive.length)]!;
          const core = cluster.core(id);
          if (core.isUp && roll(3) > 0) cluster.take(id, { kind: "propose", commands: [`w${writes++}`] });
          if (roll(6) === 0) cluster.isolate(id);
          if (roll(6) === 0) cluster.heal();
          if (roll(8) === 0 && core.isUp && core.state.appliedIndex > core.disk.base.index)
            cluster.compact(id);
          if (roll(10) === 0) cluster.crash(id);
          if (roll(4) === 0 && !core.isUp) cluster.restart(id);
          cluster.advance(roll(900));
        }
      };
      cluster.elect();
      disturb(20, ids);
      cluster.heal();
      const survivor = ids[roll(3)]!;
      const gone = ids.filter((id) => id !== survivor);
      for (const id of gone) cluster.crash(id);
      if (!cluster.core(survivor).isUp) cluster.restart(survivor);
      cluster.advance(20_000);
      const configuration = forced(survivor, gone);
      const { state, disk } = cluster.core(survivor);
      expect(refusalOfRecovery(state, configuration, 1, cluster.now), `seed ${seed}`).toBeNull();
      const kept = [...disk.applied];
      cluster.take(survivor, { kind: "recover", configuration, epoch: 1 });
      if (roll(2) === 0) cluster.isolate(survivor); // the old two may even elect a leader meanwhile
      for (const id of gone) cluster.restart(id);
      disturb(15, ids);
      cluster.heal();
      for (const id of ids) if (!cluster.core(id).isUp) cluster.restart(id);
      cluster.advance(30_000);
      cluster.take(survivor, { kind: "propose", commands: ["last"] });
      cluster.advance(2_000);
      const history = commands(cluster, survivor);
      expect(history.at(-1), `seed ${seed}`).toBe("last");
      expect(cluster.core(survivor).disk.applied.slice(0, kept.length), `seed ${seed}`).toEqual(kept);
      for (const id of gone) expect(commands(cluster, id), `seed ${seed}: ${id}`).toEqual(history);
    }
  });
});

describe("the name of a cluster", () => {
  it("is the same for the same list, and stamps every message", () => {
    expect(clusterOf(group(ids).servers)).toBe(clusterOf([...group(ids).servers].reverse()));
    expect(clusterOf(group(ids).servers)).not.toBe(clusterOf(group([ids[0]]).servers));
    const cluster = new CoreCluster();
    const core = cluster.add("a", group(ids));
    const message: RaftMessage = { kind: "stir", from: ids[0], to: ids[1], term: 0 };
    expect(stamped(core.state, message)).toEqual({ ...message, cluster: clusterOf(group(ids).servers) });
  });

  it("keeps two clusters apart whose servers have the same names: nothing is heard, nothing changes", () => {
    const cluster = new CoreCluster();
    const core = cluster.add("a", group(ids));
    const before = JSON.stringify(core.state.hard);
    const last = { index: 99, term: 98 };
    const vote = { kind: "requestVote", from: ids[1], to: ids[0], term: 99, last, transfer: null } as const;
    const foreign: RaftMessage = { ...vote, cluster: "another" };
    expect(isForeign(core.state, foreign)).toBe(true);
    cluster.inFlight = [];
    cluster.now += 60_000;
    cluster.take("a", { kind: "message", message: foreign });
    expect([JSON.stringify(core.state.hard), cluster.inFlight]).toEqual([before, []]);
  });

  it("is learnt by a server that joins, from the first leader that calls it", () => {
    const cluster = new CoreCluster();
    cluster.add("a", group([ids[0]]));
    const joined = cluster.add("b", null);
    cluster.take("a", { kind: "change", change: { kind: "addNonvoter", id: ids[1], address: "b" } });
    cluster.advance(1_000);
    expect(joined.disk.hard.cluster).toBe(clusterOf(group([ids[0]]).servers));
  });
});
