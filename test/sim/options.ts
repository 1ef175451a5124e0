// What a run is like: everything drawn from the seed, except what a schedule or the command line fixes.

import type { Dice } from "./clock.ts";
import type { DiskProfile } from "./disk.ts";
import type { NetworkFaults } from "./network.ts";
import type { Schedule } from "./schedules.ts";

export type Mode = "drowsy" | "awake" | "quiescent";

export type Options = {
  readonly servers: number;
  /** Servers that do not belong to the group at first; without any, membership does not change. */
  readonly spares: number;
  readonly mode: Mode;
  readonly clients: number;
  /** In use at one time. */
  readonly keys: number;
  readonly watchers: number;
  readonly lockers: number;
  readonly agents: number;
  readonly transactors: number;
  readonly network: NetworkFaults;
  readonly disk: DiskProfile;
  /** How long logs get before they are cut: short ones need snapshots. */
  readonly log: { readonly entriesMax: number; readonly entriesKept: number };
  readonly clocksDrift: boolean;
  /** Clocks jump ahead: a promise of time ends early, so default reads promise nothing then. */
  readonly clocksJump: boolean;
  /** Some servers are a release ahead and say more than the others know; those say what the first release said. */
  readonly versionsMixed: boolean;
  /** What no server comes back from: one disk rots, or a majority is lost and an operator recovers. */
  readonly disaster: "none" | "rot" | "majority lost";
  readonly burstMillisMax: number;
  /** Mean time that clients are quiet between two bursts. */
  readonly lullMillis: number;
  readonly pauseMillisMax: number;
  /** How much later than the others a client may become busy. */
  readonly staggerMillisMax: number;
  /** Mean time between faults while clients are busy. */
  readonly faultEveryMillis: number;
};

const logs = [
  { entriesMax: 30, entriesKept: 5 },
  { entriesMax: 200, entriesKept: 50 },
  { entriesMax: 1_000, entriesKept: 500 },
] as const;

/** Draws the options of a run. */
export function drawOptions(
  dice: Dice,
  fixed: { servers?: number; mode?: Mode; hours: number },
  schedule: Schedule,
): Options {
  const { hours } = fixed;
  const isDirected = schedule.disturb !== undefined;
  const servers = fixed.servers ?? schedule.servers ?? dice.pick([1, 3, 3, 3, 3, 5]);
  const mayLose = servers >= 3 && !isDirected;
  return {
    servers,
    mode: fixed.mode ?? schedule.mode ?? dice.pick(["drowsy", "drowsy", "drowsy", "quiescent", "awake"]),
    spares: isDirected ? 0 : dice.pick([0, 0, 1, 2]),
    clients: schedule.lockers !== undefined ? 1 : isDirected ? 8 : dice.between(2, 8),
    keys: isDirected ? 2 : dice.pick([1, 3, 6]),
    watchers: dice.between(0, 3),
    lockers: schedule.lockers ?? (isDirected ? 0 : dice.between(0, 3)),
    agents: isDirected ? 0 : dice.between(0, 3),
    transactors: schedule.transactors ?? (isDirected ? 0 : dice.between(0, 2)),
    network: {
      loss: dice.pick([0, 0.005, 0.02, 0.1, 0.25]),
      duplication: dice.pick([0, 0.05, 0.3]),
      delayMillisMax: dice.pick([2, 5, 20, 120]),
      lateness: dice.pick([0, 0.002, 0.01, 0.05]),
      splits: dice.pick([0, 0, 0.3]),
      ...schedule.network,
    },
    disk: {
      gated: dice.chance(0.7),
      flushMillisMax: dice.pick([1, 5, 30]),
      slowness: dice.pick([0, 0, 0.01, 0.05]),
      ...schedule.disk,
    },
    log: schedule.log ?? dice.pick(logs),
    clocksDrift: dice.chance(0.5),
    clocksJump: !isDirected && dice.chance(0.2),
    versionsMixed: dice.chance(0.3),
    disaster:
      schedule.disaster ??
      (mayLose ? dice.pick(["none", "none", "none", "rot", "majority lost"] as const) : "none"),
    burstMillisMax: schedule.lulls === true ? 6_000 : dice.pick([8_000, 16_000, 40_000]),
    lullMillis: lullMillis(dice, hours, schedule),
    staggerMillisMax: schedule.lulls === true ? 3_000 : 0,
    pauseMillisMax: schedule.lockers !== undefined ? 2_000 : isDirected ? 40 : dice.pick([20, 60, 200]),
    faultEveryMillis: dice.pick([1_000, 3_000, 8_000]),
  };
}

function lullMillis(dice: Dice, hours: number, schedule: Schedule): number {
  if (schedule.lulls === true) return 5_000;
  if (schedule.disturb !== undefined) return 100;
  const bursts = Math.max(3, hours * dice.pick([2, 4, 10]));
  return (hours * 3_600_000) / bursts;
}
