// One run from one seed: a group of servers, clients, faults; then the faults stop, the group must converge, and when
// nobody needs it any more it must sleep.

import type { ServerId } from "../../shared/raft/types.ts";
import type { ServerConfig } from "../../worker/server/config.ts";
import { appliedStateEqual } from "./checkers/anytime-applied-state-equal.ts";
import { checkLogMatching } from "./checkers/anytime-log-matching.ts";
import { oneLeaderPerTerm } from "./checkers/anytime-one-leader-per-term.ts";
import { registerLinearizable } from "./checkers/anytime-register-linearizable.ts";
import { seededDice, simulatedClock } from "./clock.ts";
import { simulatedNetwork } from "./network.ts";
import type { Plant } from "./plants.ts";
import type { Schedule } from "./schedules.ts";
import { type NodeWatch, type ServerNode, serverNode } from "./server-node.ts";

export type Outcome = {
  readonly seed: number;
  readonly servers: number;
  readonly mode: string;
  readonly writes: number;
  readonly reads: number;
  readonly entries: number;
  readonly faults: number;
  readonly elections: number;
};

const keys = ["a", "b", "c"];
const quietFaults = { loss: 0, duplication: 0, delayMillisMax: 5, lateness: 0, splits: 0 };

/** Runs a seed to the end; throws at the first violation. */
export async function simulate(
  seed: number,
  faultMillis = 40_000,
  plant: Plant | null = null,
  schedule: Schedule = {},
): Promise<Outcome> {
  const dice = seededDice(seed * 7_919 + 17);
  const clock = simulatedClock(1_000_000);
  const ids = Array.from(
    { length: schedule.servers ?? dice.pick([1, 3, 3, 3, 5]) },
    (_, i) => `server-${i + 1}` as ServerId,
  );
  const mode = schedule.mode ?? dice.pick(["drowsy", "drowsy", "quiescent", "awake"] as const);
  const applied = appliedStateEqual();
  const registers = registerLinearizable(applied);
  const leaderChanged = oneLeaderPerTerm();
  let elections = 0;
  let faults = 0;
  let failure: unknown = null;
  let isFinished = false;
  const guard = (body: () => void): void => {
    try {
      body();
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };

  const network = simulatedNetwork(
    clock,
    dice,
    {
      loss: dice.pick([0, 0.02, 0.1, 0.3]),
      duplication: dice.pick([0, 0.05, 0.3]),
      delayMillisMax: dice.pick([2, 20, 120]),
      lateness: dice.pick([0, 0.01, 0.05]),
      splits: dice.pick([0, 0, 0.3]),
      ...schedule.network,
    },
    (to, messages, sentAt) => {
      const asksForVote = messages.some((message) => message.kind === "requestVote");
      if (asksForVote && !isFinished && dice.chance(schedule.crashOnVote ?? 0)) nodeOf(to).disk.crashAfter(1);
      return nodeOf(to).receive(messages, sentAt);
    },
    (from, to) => dice.chance(0.5) && nodeOf(from).use((driver) => driver.unreachable(to)),
  );
  const watch: NodeWatch = {
    applied: (id, entry) => guard(() => applied.applied(id, entry)),
    changed: (id, driver) => {
      if (driver.status().role === "leader") elections += 1;
      guard(() => leaderChanged(id, driver.status()));
    },
    send: network.send,
  };
  const drifts = dice.chance(0.5);
  // A clock that jumps ends a promise of time early, so such runs read without leases and supersede nobody.
  const jumps = schedule.disturb === undefined && dice.chance(0.2);
  const nodes: readonly ServerNode[] = ids.map((id) => {
    const config: ServerConfig = { datacenter: "dc1", id, servers: ids, addressOf: {}, mode, version: "sim" };
    return serverNode(config, clock, dice, watch, {
      // Leases allow for clocks that differ by a quarter.
      clockRate: drifts ? 0.9 + dice.roll() * 0.2 : 1,
      alarmLateness: 0.1,
      alarmLateMillisMax: 60_000,
      plant,
    });
  });
  const nodeOf = (id: ServerId): ServerNode => nodes.find((node) => node.id === id)!;
  const check = (): void => {
    if (failure !== null) throw failure;
  };

  let issued = 0;
  const operate = async (node: ServerNode): Promise<boolean> => {
    // Some requests were under way to an older instance.
    const instance = (dice.chance(0.5) ? node.zombie() : null) ?? node.instance();
    const key = dice.pick(keys);
    const floor = registers.floor(key);
    if (dice.chance(0.5)) {
      const value = `v${issued++}`;
      const outcome = await instance?.use((driver) => driver.propose(JSON.stringify({ key, value })));
      if (outcome?.ok !== true) return false;
      guard(() => registers.acknowledged(key, value, Number(outcome.value), floor));
      return true;
    }
    const isLease = !jumps && dice.chance(0.6);
    const outcome = await instance?.use((driver) => driver.confirmLeadership(isLease));
    // The answer leaves only if the instance that was asked is still there to give it.
    if (outcome?.ok !== true || instance?.isAlive() !== true) return false;
    const seen = instance.read(key);
    guard(() => registers.seen(key, seen.value, seen.version, floor));
    return true;
  };
  /** Finds the leader as a forwarding server would: by what a server believes, stirring when it knows nobody. */
  const client = (): void => {
    if (isFinished) return;
    if (schedule.lulls === true && clock.now() % 8_000 < 5_000) {
      clock.after(5_000 - (clock.now() % 8_000) + dice.between(0, 50), client);
      return;
    }
    const first = dice.pick(nodes);
    const leader = first.use((driver) => driver.status().leader);
    const target =
      leader === null || dice.chance(schedule.disturb === undefined ? 0.1 : 0.5) ? first : nodeOf(leader);
    operate(target).then((done) => {
      if (!done && !isFinished) first.use((driver) => driver.stir());
    }, fail);
    const pause = dice.chance(0.02) ? dice.between(2_000, 9_000) : dice.between(1, 120);
    clock.after(pause, client);
  };
  const fail = (error: unknown): void => {
    failure ??= error;
  };

  const disturb = (): void => {
    if (isFinished) return;
    faults += 1;
    if (schedule.disturb !== undefined) {
      schedule.disturb({ dice, nodes, network, after: clock.after, now: clock.now });
      clock.after(100, disturb);
      return;
    }
    const node = dice.pick(nodes);
    const other = dice.pick(nodes);
    switch (dice.between(0, 8)) {
      case 0:
      case 1:
        node.evict();
        clock.after(dice.between(0, 2_000), () => node.use(() => null));
        break;
      case 2:
        node.goDown();
        clock.after(dice.between(100, 8_000), () => node.comeUp());
        break;
      case 3:
        node.disk.crashAfter(dice.between(1, 12));
        break;
      case 4:
        for (const peer of nodes) {
          network.cut(node.id, peer.id);
          network.cut(peer.id, node.id);
        }
        break;
      case 5:
        network.cut(node.id, other.id);
        break;
      case 6:
        if (jumps) node.jump(dice.between(1, 20_000));
        else node.supersede(dice.between(10, 6_000));
        break;
      default:
        network.heal();
    }
    if (dice.chance(0.1)) for (const each of nodes) each.evict();
    clock.after(dice.between(20, 3_000), disturb);
  };

  for (const node of nodes) node.use(() => null);
  for (let i = 0; i < 3; i += 1) clock.after(dice.between(0, 500), client);
  clock.after(dice.between(0, 3_000), disturb);
  const matching = (): void => {
    guard(() => checkLogMatching(nodes.map((node) => node.disk)));
    if (!isFinished) clock.after(5_000, matching);
  };
  clock.after(5_000, matching);
  await clock.runUntil(clock.now() + faultMillis, check);

  isFinished = true;
  network.heal();
  network.faults = quietFaults;
  for (const node of nodes) {
    node.disk.crashAfter(null);
    node.comeUp();
  }
  await converge();
  if (mode !== "awake") await fallAsleep();
  checkLogMatching(nodes.map((node) => node.disk));
  registers.checkAcknowledged();
  for (const node of nodes) node.disk.close();
  const { writes, reads } = registers.counts();
  return { seed, servers: ids.length, mode, writes, reads, entries: applied.count(), faults, elections };

  /** eventually: one write succeeds, and then everybody has it. */
  async function converge(): Promise<void> {
    let isDone = false;
    const deadline = clock.now() + 60_000;
    while (!isDone && clock.now() < deadline) {
      for (const node of nodes) node.use((driver) => driver.stir());
      for (const node of nodes) {
        const attempt = node.use((driver) => driver.propose(JSON.stringify({ key: "end", value: "end" })));
        attempt?.then((outcome) => {
          isDone ||= outcome.ok;
        }, fail);
      }
      await clock.runUntil(clock.now() + 500, check);
    }
    if (!isDone) throw new Error(`no write succeeds after the faults: ${describe()}`);
    await clock.runUntil(clock.now() + 8_000, check);
    const tables = nodes.map((node) =>
      JSON.stringify(node.disk.inspect("SELECT * FROM registers ORDER BY key")),
    );
    if (new Set(tables).size > 1) throw new Error(`servers differ after the faults: ${describe()}`);
  }

  /** finally: nobody runs a timer when nobody needs anything. */
  async function fallAsleep(): Promise<void> {
    await clock.runUntil(clock.now() + 10_000, check);
    for (const node of nodes) {
      const { at, urgency } = node.armed();
      if (at !== null && urgency !== "alarm") throw new Error(`${node.id} cannot sleep: ${describe()}`);
      if (mode === "quiescent" && at !== null) throw new Error(`${node.id} has an alarm: ${describe()}`);
    }
  }

  function describe(): string {
    return JSON.stringify(
      nodes.map((node) => ({ id: node.id, armed: node.armed(), now: clock.now(), ...node.peek()?.status() })),
    );
  }
}
