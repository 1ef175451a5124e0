// The experiments: detection of a crash, slow processes (Lifeguard's set-up), a partition that heals, churn.

import type { GossipProfile } from "../../../shared/gossip/config.ts";
import { disagreement, runUntilAgreed } from "./members-agree.ts";
import { indexOfName, SimulatedPool } from "./simulation.ts";

export type Detection = {
  /** From the crash until the first member, and the last, knew of it; null when not within the time given. */
  readonly firstMillis: number | null;
  readonly fullMillis: number | null;
  /** Members that ran were declared dead so often, counted at every observer. */
  readonly falsePositives: number;
  readonly packetsPerNodeSecond: number;
  readonly packetBytesPerNodeSecond: number;
  readonly streamBytesPerNodeSecond: number;
};

const warmUpMillis = 10_000;

/** One member crashes; the rest, under loss, is to notice that and nothing else. */
export function detectCrash(nodes: number, loss: number, profile: GossipProfile, seed: number): Detection {
  const pool = new SimulatedPool({ nodes, loss, profile, seed });
  const victim = 0;
  const found = { first: null as number | null, observers: 0, falsePositives: 0 };
  let crashedAt = Number.POSITIVE_INFINITY;
  pool.heard = (observer, event) => {
    if (event.kind !== "leave" || observer === victim) return;
    if (indexOfName(event.member.name) !== victim || pool.now < crashedAt) {
      found.falsePositives += 1;
      return;
    }
    found.first ??= pool.now - crashedAt;
    found.observers += 1;
  };
  pool.run(warmUpMillis);
  crashedAt = pool.now;
  pool.crash(victim);
  pool.run(120_000, () => found.observers >= nodes - 1);
  const full = found.observers >= nodes - 1 ? pool.now - crashedAt : null;
  pool.run(Math.max(0, 30_000 - pool.now)); // long enough to count what is sent
  return {
    firstMillis: found.first,
    fullMillis: full,
    falsePositives: found.falsePositives,
    ...traffic(pool),
  };
}

function traffic(pool: SimulatedPool) {
  const nodeSeconds = (pool.options.nodes * pool.now) / 1_000;
  const { packets, packetBytes, streamBytes } = pool.statistics;
  return {
    packetsPerNodeSecond: packets / nodeSeconds,
    packetBytesPerNodeSecond: packetBytes / nodeSeconds,
    streamBytesPerNodeSecond: streamBytes / nodeSeconds,
  };
}

export type Slowness = {
  /** "block": nothing is sent or received while timers run (the paper's); "stall": the process does not run at all. */
  readonly how: "block" | "stall";
  readonly nodes: number;
  /** How many members stall together, for how long, and how long they run between. */
  readonly slow: number;
  readonly stallMillis: number;
  readonly runMillis: number;
  readonly seconds: number;
};

export type SlowOutcome = {
  /** Deaths that were declared of members that never stalled, at all observers, and at those that never stalled. */
  readonly falsePositives: number;
  readonly falsePositivesAtHealthy: number;
  /** Mean time until somebody and until all who do not stall know of a crash in the middle of it. */
  readonly firstMillis: number;
  readonly fullMillis: number;
};

/** Lifeguard section V: some members stall for seconds again and again; then one healthy member really dies. */
export function slowProcesses(set: Slowness, profile: GossipProfile, seed: number): SlowOutcome {
  const pool = new SimulatedPool({ nodes: set.nodes, loss: 0, profile, seed });
  const isSlow = (node: number) => node < set.slow;
  const victim = set.nodes - 1;
  const outcome = { falsePositives: 0, falsePositivesAtHealthy: 0 };
  let crashedAt = Number.POSITIVE_INFINITY;
  let first: number | null = null;
  const observers = new Set<number>();
  pool.heard = (observer, event) => {
    if (event.kind !== "leave") return;
    const about = indexOfName(event.member.name);
    if (about === victim && pool.now >= crashedAt) {
      first ??= pool.now - crashedAt;
      if (!isSlow(observer)) observers.add(observer);
    } else if (!isSlow(about)) {
      outcome.falsePositives += 1;
      if (!isSlow(observer)) outcome.falsePositivesAtHealthy += 1;
    }
  };
  pool.run(warmUpMillis);
  const end = pool.now + set.seconds * 1_000;
  while (pool.now < end) {
    for (let node = 0; node < set.slow; node += 1) pool[set.how](node, set.stallMillis);
    pool.run(set.stallMillis + set.runMillis);
  }
  const { falsePositives, falsePositivesAtHealthy } = outcome;
  crashedAt = pool.now;
  pool.crash(victim);
  const healthy = set.nodes - set.slow - 1;
  pool.run(180_000, () => observers.size >= healthy);
  return {
    falsePositives,
    falsePositivesAtHealthy,
    firstMillis: first ?? Number.POSITIVE_INFINITY,
    fullMillis: observers.size >= healthy ? pool.now - crashedAt : Number.POSITIVE_INFINITY,
  };
}

/** Splits the pool for so long, heals it, and returns how long it took until all agreed again. */
export function partitionAndHeal(
  nodes: number,
  splitMillis: number,
  profile: GossipProfile,
  seed: number,
  loss = 0,
): { readonly buried: boolean; readonly agreedMillis: number } {
  const pool = new SimulatedPool({ nodes, loss, profile, seed });
  pool.run(warmUpMillis);
  pool.partition((node) => (node * 3 < nodes ? 1 : 0));
  pool.run(splitMillis);
  const buried = disagreement(pool) !== null;
  pool.heal();
  return { buried, agreedMillis: runUntilAgreed(pool, 300_000) };
}

/** Members crash, restart, leave and stall at random under loss; then all is left alone until they agree. */
export function churn(
  nodes: number,
  seconds: number,
  loss: number,
  profile: GossipProfile,
  seed: number,
): { readonly changes: number; readonly agreedMillis: number } {
  const pool = new SimulatedPool({ nodes, loss, profile, seed });
  const { dice } = pool;
  let changes = 0;
  pool.run(warmUpMillis);
  for (let second = 0; second < seconds; second += 1) {
    const node = dice.between(1, nodes - 1);
    const target = pool.nodes[node];
    if (target === undefined) continue;
    if (!target.isUp || target.state.leaving) {
      if (target.isUp) pool.crash(node);
      pool.restart(node, 0); // member 0 always runs
    } else {
      const what = dice.between(0, 3);
      if (what === 0) pool.leave(node);
      else if (what === 1) pool.stall(node, dice.between(100, 8_000));
      else pool.crash(node);
    }
    changes += 1;
    pool.run(1_000);
  }
  return { changes, agreedMillis: runUntilAgreed(pool, 300_000) };
}
