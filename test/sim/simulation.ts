// One run from one seed: servers, clients, faults; then the faults stop, the group must converge, and when nobody needs
// it any more it must sleep. Everything is drawn from the seed, so a run can be repeated to the bit.

import type { U64 } from "../../shared/base/brand.ts";
import { restartedStateText, stateDifference } from "./checkers/state-hash.ts";
import { checkCatalogEqualsAgents } from "./checkers/eventually-catalog-equals-agents.ts";
import { checkAnswersEqualState } from "./checkers/finally-answers-equal-state.ts";
import { whyAwake } from "./checkers/finally-asleep-when-idle.ts";
import { checkNoWaiterLeft } from "./checkers/finally-no-waiter-left.ts";
import { checkSnapshotEqualsReplay } from "./checkers/finally-snapshot-equals-replay.ts";
import { checkStateIsSound } from "./checkers/finally-state-is-sound.ts";
import { seededDice, simulatedClock } from "./clock.ts";
import { type Cluster, createCluster, type World } from "./cluster.ts";
import { whatIsOverdue } from "./checkers/finally-nothing-overdue.ts";
import { createDisasters, type DisasterCounts, type Disasters } from "./disasters.ts";
import { createFaults, type FaultCounts } from "./faults.ts";
import { type NetworkCounts, quietNetwork } from "./network.ts";
import { drawOptions, type Mode } from "./options.ts";
import type { Plant } from "./plants.ts";
import type { Schedule } from "./schedules.ts";
import { createTrace } from "./trace.ts";
import { createWorkload, type Workload, type WorkloadCounts } from "./workload.ts";

export type Settings = {
  readonly seed: number;
  /** Of faults and clients; the end of a run takes about a minute more. */
  readonly hours: number;
  readonly servers?: number;
  readonly mode?: Mode;
  readonly plant?: Plant | null;
  readonly schedule?: Schedule;
  /** Takes the story of the run, line by line. */
  readonly log?: (line: string) => void;
};

export type Outcome = {
  readonly seed: number;
  readonly servers: number;
  readonly mode: Mode;
  readonly hours: number;
  readonly events: number;
  readonly operations: WorkloadCounts;
  readonly faults: FaultCounts;
  readonly disasters: DisasterCounts;
  readonly network: NetworkCounts;
  readonly entries: number;
  readonly elections: number;
  readonly installs: number;
  readonly undecided: number;
  /** Two runs with the same hash were the same. */
  readonly hash: string;
};

/** Runs a seed to the end; throws at the first violation. */
export async function simulate(settings: Settings): Promise<Outcome> {
  const { seed, plant = null, schedule = {} } = settings;
  await null; // whoever calls: from here on Node looks at its ticks only when no promise is left (clock.ts)
  const dice = seededDice(seed * 7_919 + 17);
  const clock = simulatedClock(1_000_000);
  const trace = createTrace();
  const options = drawOptions(dice, settings, schedule);
  const log = settings.log ?? (() => {});
  const world: World = { clock, dice, trace, options, log: (line) => log(`${clock.now()} ${line}`) };
  const cluster = createCluster(world, plant, schedule);
  try {
    const faults = createFaults(world, cluster);
    const disasters = createDisasters(world, cluster);
    const workload = createWorkload(world, cluster);
    const start = clock.now();
    const isOver = { value: false };
    for (const node of cluster.nodes) node.life();
    if (schedule.disturb === undefined) strikeAtRandom(world, faults.strike, disasters, isOver);
    else disturb(world, cluster, schedule, isOver);
    // Heartbeats of an idle group that may not sleep are many and all alike: such runs are a tenth as long.
    const hours =
      options.mode === "awake" && schedule.disturb === undefined ? settings.hours / 10 : settings.hours;
    await burstsAndLulls(world, cluster, workload, start + hours * 3_600_000);
    isOver.value = true;
    disasters.finish();
    await heal(world, cluster, workload);
    await untilRecovered(world, cluster, disasters);
    await converge(world, cluster);
    await checkAnswersEqualState(cluster, workload.keysUsed(), ["", "k0/", "k1/", "k2/", "locks/"]);
    if (options.mode !== "awake") await fallAsleep(world, cluster);
    await untilNothingIsOverdue(world, cluster);
    for (const agent of workload.agents) agent.rest();
    await clock.runUntil(clock.now() + 100, cluster.check);
    checkNoWaiterLeft(cluster);
    checkCatalogEqualsAgents(cluster, workload.agents);
    workload.checkAll();
    checkStateIsSound(cluster);
    checkSnapshotEqualsReplay(cluster);
    return {
      seed,
      servers: options.servers,
      mode: options.mode,
      hours: (clock.now() - start) / 3_600_000,
      events: clock.events(),
      operations: workload.counts,
      faults: faults.counts,
      disasters: disasters.counts,
      network: cluster.network.counts,
      entries: cluster.applied.history().size,
      elections: cluster.elections(),
      installs: cluster.installs(),
      undecided: workload.undecided(),
      hash: trace.hash(),
    };
  } finally {
    cluster.close();
  }
}

/** Clients are busy for seconds, then quiet for minutes. */
async function burstsAndLulls(world: World, cluster: Cluster, workload: Workload, until: number) {
  const { clock, dice, options } = world;
  while (clock.now() < until) {
    busyNow.add(world);
    workload.beginBurst();
    await clock.runUntil(
      Math.min(until, clock.now() + dice.between(500, options.burstMillisMax)),
      cluster.check,
    );
    workload.endBurst();
    busyNow.delete(world);
    const lull = Math.floor(options.lullMillis * (0.7 + dice.roll() * 0.6));
    await clock.runUntil(Math.min(until, clock.now() + lull), cluster.check);
  }
}

/** Worlds whose clients are busy. */
const busyNow = new WeakSet<World>();

function strikeAtRandom(
  world: World,
  strike: () => void,
  disasters: Disasters,
  isOver: { readonly value: boolean },
): void {
  const { clock, dice, options } = world;
  const next = (): void => {
    if (isOver.value) return;
    // In a lull nobody notices most faults; a few strike the sleeping all the same.
    if (!disasters.isUnderWay() && (busyNow.has(world) || dice.chance(0.005))) strike();
    if (busyNow.has(world)) disasters.tick();
    clock.after(dice.between(20, options.faultEveryMillis * 2), next);
  };
  clock.after(dice.between(0, 3_000), next);
}

function disturb(
  world: World,
  cluster: Cluster,
  schedule: Schedule,
  isOver: { readonly value: boolean },
): void {
  const { clock, dice } = world;
  const next = (): void => {
    if (isOver.value) return;
    const { nodes, network } = cluster;
    const after = (millis: number, run: () => void) => clock.after(millis, () => !isOver.value && run());
    schedule.disturb?.({ dice, nodes, network, after, now: clock.now, repeat: () => {} });
    clock.after(schedule.everyMillis ?? 100, next);
  };
  clock.after(dice.between(0, 3_000), next);
}

/** The faults stop; whoever still waits for an answer gets one, or gives up. */
async function heal(world: World, cluster: Cluster, workload: Workload): Promise<void> {
  cluster.network.heal();
  cluster.network.faults = quietNetwork;
  for (const node of cluster.nodes) {
    node.disk.failAfter(null);
    node.comeUp();
  }
  workload.finish();
  await world.clock.runUntil(world.clock.now() + 60_000, cluster.check);
  if (workload.inFlight() > 0) throw new Error(`${workload.inFlight()} clients still wait for an answer`);
}

/** An operator who is at it goes on until it is done. */
async function untilRecovered({ clock }: World, cluster: Cluster, disasters: Disasters): Promise<void> {
  for (let round = 0; disasters.isUnderWay() && round < 20; round += 1) {
    await clock.runUntil(clock.now() + 10_000, cluster.check);
  }
  await clock.runUntil(clock.now() + (disasters.counts.recoveries > 0 ? 30_000 : 0), cluster.check);
}

/** eventually: a write succeeds through every server, and then all have the same state. */
async function converge(world: World, cluster: Cluster): Promise<void> {
  const { clock } = world;
  const left = new Map<string, string>();
  const write = async (server: string): Promise<void> => {
    // A server may still be on its way back when the faults stop.
    for (let round = 0; left.has(server) && round < 10; round += 1) {
      const operation = { verb: "set", key: "end", value: null, flags: "0" as U64 } as const;
      const request = { token: "", operation };
      const asked = { client: "converge", server, method: "KVS.Apply", timeoutMillis: 10_000 } as const;
      const answer = await cluster.request({ ...asked, request, hangsUp: false });
      if (answer?.ok === true) left.delete(server);
      else left.set(server, answer?.error.code ?? "no answer");
      await new Promise<void>((resolve) => clock.after(500, resolve));
    }
  };
  for (const node of cluster.nodes) {
    if (node.isLost()) continue;
    left.set(node.id, "");
    write(node.id).catch(cluster.fail);
  }
  await clock.runUntil(clock.now() + 31_000, cluster.check);
  const members = cluster.members();
  // Something may just be under way: a duty that came due now.
  const isEven = () => new Set(members.map((node) => node.peek()?.status().appliedIndex)).size < 2;
  for (let round = 0; !isEven() && round < 40; round += 1) {
    await clock.runUntil(clock.now() + 250, cluster.check);
  }
  const isMissing = members.length === 0 || members.some((node) => left.has(node.id));
  if (isMissing) {
    throw new Error(`after the faults: ${JSON.stringify([...left])} ${describe(world, cluster)}`);
  }
  const [first, ...others] = members.map((node) => restartedStateText({ exec: node.disk.inspect }));
  for (const other of others) {
    if (first !== other) {
      const difference = stateDifference(first ?? "", other);
      throw new Error(`servers differ after the faults: ${difference} ${describe(world, cluster)}`);
    }
  }
}

/** eventually: nobody runs a timer; what has an end of its own (a lost link, a session) may need minutes. */
async function fallAsleep({ clock, options }: World, cluster: Cluster): Promise<void> {
  await clock.runUntil(clock.now() + 15_000, cluster.check);
  for (let round = 0; round < 6; round += 1) {
    if (whyAwake(cluster, options.mode) === null) return;
    await clock.runUntil(clock.now() + 60_000, cluster.check);
  }
  const why = whyAwake(cluster, options.mode);
  if (why !== null) throw new Error(why);
}

/** eventually: what has a time of its own went, also from a group that sleeps. */
async function untilNothingIsOverdue({ clock, options }: World, cluster: Cluster): Promise<void> {
  for (let round = 0; round < 6 && whatIsOverdue(cluster, options, clock.now()) !== null; round += 1) {
    await clock.runUntil(clock.now() + 60_000, cluster.check);
  }
  const what = whatIsOverdue(cluster, options, clock.now());
  if (what !== null) throw new Error(what);
}

function describe(world: World, cluster: Cluster): string {
  const now = world.clock.now();
  return JSON.stringify(
    cluster.nodes.map((node) => ({ id: node.id, now, armed: node.armed(), ...node.peek()?.status() })),
  );
}
