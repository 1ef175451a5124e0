// Fault schedules that aim at one weakness, for bugs that random faults would meet only after very many seeds.

import type { RaftMessage, ServerId, Term } from "../../shared/raft/types.ts";
import type { Dice } from "./clock.ts";
import type { DiskProfile } from "./disk.ts";
import type { NetworkFaults, SimulatedNetwork } from "./network.ts";
import type { Mode, Options } from "./options.ts";
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
  readonly log?: { readonly entriesMax: number; readonly entriesKept: number };
  /** Clients that hold locks; drawn if it does not say. */
  readonly lockers?: number;
  /** Drawn if it does not say; only with random faults. */
  readonly disaster?: Options["disaster"];
  /** Clients of transactions and expiring keys; drawn if it does not say. */
  readonly transactors?: number;
  /** Instead of the random faults. */
  disturb?(world: World): void;
  /** Begins a run: what becomes of each message (null: it is lost). */
  direct?(world: World): (message: RaftMessage) => RaftMessage | null;
};

export type World = {
  readonly dice: Dice;
  readonly nodes: readonly ServerNode[];
  readonly network: SimulatedNetwork;
  after(millis: number, run: () => void): void;
  now(): number;
  /** A message comes a second time, to whoever is its server then. */
  repeat(message: RaftMessage): void;
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

  /**
   * The group sleeps; its leader is cut off in its sleep, from the clients as well; when the others have found a new one,
   * clients reach it again, and wake it.
   */
  cutWhileAsleep: {
    servers: 3,
    mode: "quiescent",
    lulls: true,
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    disturb(world: World) {
      const led = leaders(world);
      const asleep = led.filter((node) => node.peek()?.status().quiescent === true);
      const clients = Array.from({ length: 8 }, (_, i) => `client-${i + 1}`);
      for (const leader of asleep) {
        if (led.length > 1) for (const client of clients) world.network.mend(client, leader.id);
        else if (!world.network.isCut(leader.id, world.nodes[0]?.id ?? "")) {
          isolate(world, leader);
          for (const client of clients) world.network.cut(client, leader.id);
        }
      }
      if (asleep.length === 0 && world.dice.chance(0.03)) world.network.heal();
    },
  },

  /** The leader is evicted, resumes, hears answers to its earlier life, and is cut off. */
  lateAnswers: {
    servers: 3,
    mode: "awake",
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    disturb(world: World) {
      const phase = world.now() % 8_000;
      if (phase < 100) world.network.heal();
      const [leader] = leaders(world);
      if (leader === undefined) return;
      if (phase >= 2_500 && phase < 2_600) {
        leader.evict();
        leader.life();
      } else if (phase >= 3_700 && phase < 4_200 && world.dice.chance(0.4)) isolate(world, leader);
    },
    direct: (world: World) => (message: RaftMessage) => {
      if (message.kind === "appendReply" && world.dice.chance(0.1)) {
        world.after(world.dice.between(500, 4_000), () => world.repeat(message));
      }
      return message;
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

  /** One server after the other is cut off for so long that only a snapshot helps it. */
  leftBehind: {
    servers: 3,
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    log: { entriesMax: 20, entriesKept: 5 },
    everyMillis: 3_000,
    disturb(world: World) {
      world.network.heal();
      if (world.dice.chance(0.7)) isolate(world, world.dice.pick(world.nodes));
    },
  },

  /** Locks are held for long, and renewed. */
  longHolds: {
    servers: 3,
    network: { loss: 0, delayMillisMax: 20, lateness: 0 },
    lockers: 3,
    disturb: () => {},
  },

  /**
   * Figure 8 of the paper: every leader's own entries reach one other server at most, those of earlier terms may reach
   * two, and then nobody hears of it any more.
   */
  shortReigns: {
    servers: 5,
    mode: "awake",
    network: { loss: 0, duplication: 0, delayMillisMax: 20, lateness: 0, splits: 0 },
    disk: { slowness: 0, flushMillisMax: 1 },
    disturb: () => {},
    direct: reignsOfFigure8,
  },
} as const satisfies Readonly<Record<string, Schedule>>;

type Reign = {
  readonly endsAt: number;
  readonly hearsOwn: ReadonlySet<ServerId>;
  readonly hearsOld: ReadonlySet<ServerId>;
};

function reignsOfFigure8(world: World): (message: RaftMessage) => RaftMessage | null {
  const reigns = new Map<Term, Reign>();
  const reignOf = (term: Term): Reign => {
    let reign = reigns.get(term);
    if (reign === undefined) {
      const some = () => world.dice.pick(world.nodes).id;
      reign = {
        endsAt: world.now() + world.dice.between(200, 1_200),
        hearsOwn: new Set(world.dice.chance(0.6) ? [some()] : []),
        hearsOld: new Set([some(), some(), some()]),
      };
      reigns.set(term, reign);
    }
    return reign;
  };
  return (message) => {
    if (message.kind !== "append") return message;
    const reign = reignOf(message.term);
    if (world.now() > reign.endsAt) return null;
    if (reign.hearsOwn.has(message.to)) return message;
    if (!reign.hearsOld.has(message.to) || message.prev.term === message.term) return null;
    return { ...message, entries: message.entries.filter((entry) => entry.term < message.term) };
  };
}
