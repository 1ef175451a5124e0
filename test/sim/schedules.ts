// Fault schedules that aim at one weakness, for bugs that random faults would meet only after very many seeds.

import type { Dice } from "./clock.ts";
import type { DiskProfile } from "./disk.ts";
import type { NetworkFaults, SimulatedNetwork } from "./network.ts";
import type { Mode } from "./options.ts";
import type { ServerNode } from "./server-node.ts";

export type Schedule = {
  readonly servers?: number;
  readonly mode?: Mode;
  readonly network?: Partial<NetworkFaults>;
  readonly disk?: Partial<DiskProfile>;
  /** All clients pause together for most of the time, so that the group falls asleep. */
  readonly lulls?: boolean;
  /** How often the power goes when a server is asked for its vote. */
  readonly crashOnVote?: number;
  readonly everyMillis?: number;
  /** Instead of the random faults. */
  disturb?(world: World): void;
};

export type World = {
  readonly dice: Dice;
  readonly nodes: readonly ServerNode[];
  readonly network: SimulatedNetwork;
  after(millis: number, run: () => void): void;
  now(): number;
};

const leaders = (world: World) => world.nodes.filter((node) => node.peek()?.status().role === "leader");

/** Cuts a server off from some others, both ways. */
export function isolate(
  world: Pick<World, "network" | "nodes">,
  node: ServerNode,
  others: readonly ServerNode[] = world.nodes,
): void {
  for (const other of others) {
    world.network.cut(node.id, other.id);
    world.network.cut(other.id, node.id);
  }
}

export const schedules = {
  /** Elections in which many campaign at once and voters crash in the middle of their vote. */
  votesAndCrashes: { network: { loss: 0, delayMillisMax: 120 }, crashOnVote: 0.5 },

  /** The group sleeps; its leader is cut off in its sleep; then everybody wants something. */
  cutWhileAsleep: {
    servers: 3,
    mode: "quiescent",
    lulls: true,
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    disturb(world: World) {
      if (world.dice.chance(0.05)) world.network.heal();
      for (const leader of leaders(world))
        if (leader.peek()?.status().quiescent === true) isolate(world, leader);
    },
  },

  /** The leader is evicted, resumes, hears answers to its earlier life, and is cut off. */
  lateAnswers: {
    servers: 3,
    mode: "awake",
    network: { loss: 0, delayMillisMax: 20, lateness: 0.2 },
    disturb(world: World) {
      const phase = world.now() % 7_000;
      if (phase < 100) world.network.heal();
      const [leader] = leaders(world);
      if (leader === undefined) return;
      if (phase >= 2_000 && phase < 2_100) {
        leader.evict();
        leader.life();
      } else if (phase >= 2_300 && phase < 4_000 && world.dice.chance(0.15)) isolate(world, leader);
    },
  },

  /** Leaders are superseded one after the other, and live on for seconds. */
  supersessions: {
    servers: 3,
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    disturb(world: World) {
      if (!world.dice.chance(0.05)) return;
      for (const leader of leaders(world)) leader.supersede(world.dice.between(500, 4_000));
    },
  },

  /** Many elections: leaders come and go while everybody can reach almost everybody. */
  manyElections: {
    servers: 5,
    mode: "awake",
    network: { loss: 0.05, delayMillisMax: 120, lateness: 0 },
    everyMillis: 50,
    disturb(world: World) {
      if (world.dice.chance(0.05)) world.network.heal();
      if (!world.dice.chance(0.1)) return;
      for (const leader of leaders(world)) isolate(world, leader);
    },
  },
} as const satisfies Readonly<Record<string, Schedule>>;
