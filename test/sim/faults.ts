// The random faults of a run, counted by kind. They strike while clients are busy, and now and then in a lull.

import type { Cluster, World } from "./cluster.ts";
import type { ServerNode } from "./server-node.ts";
import { changeMembership, transferLeadership } from "./membership-changes.ts";
import { isolate } from "./schedules.ts";

export const faultKinds = [
  "eviction",
  "eviction of all",
  "crash",
  "crash in a step",
  "disk error",
  "superseded",
  "down",
  "isolation",
  "one-way cut",
  "partition",
  "clock jump",
  "membership change",
  "leadership transfer",
  "heal",
] as const;

export type FaultKind = (typeof faultKinds)[number];
export type FaultCounts = Record<FaultKind, number>;

export type Faults = {
  /** One fault, drawn. */
  strike(): void;
  readonly counts: FaultCounts;
};

/** Which fault how often; a heal is none, but ends partitions. */
const weights: readonly (readonly [FaultKind, number])[] = [
  ["eviction", 5],
  ["eviction of all", 1],
  ["crash", 2],
  ["crash in a step", 4],
  ["disk error", 1],
  ["superseded", 3],
  ["down", 2],
  ["isolation", 2],
  ["one-way cut", 3],
  ["partition", 1],
  ["clock jump", 2],
  ["membership change", 4],
  ["leadership transfer", 2],
  ["heal", 5],
];
const allWeights = weights.reduce((sum, [, weight]) => sum + weight, 0);

export function noFaults(): FaultCounts {
  return Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as FaultCounts;
}

/** The faults of one cluster. */
export function createFaults(world: World, cluster: Cluster): Faults {
  const { clock, dice, options, trace } = world;
  const counts = noFaults();
  const { nodes, network } = cluster;

  const draw = (): FaultKind => {
    let left = dice.between(1, allWeights);
    for (const [kind, weight] of weights) {
      left -= weight;
      if (left <= 0) return kind;
    }
    return "heal";
  };

  const partition = (): void => {
    const side = nodes.filter(() => dice.chance(0.5));
    const others = nodes.filter((node) => !side.includes(node));
    for (const node of side) isolate({ network, nodes }, node, others);
  };

  /** The server comes back by itself, or its host brings it back. */
  const backAfter = (millis: number, node: ServerNode): void => clock.after(millis, () => void node.life());

  const perform: Record<FaultKind, (node: ServerNode) => void> = {
    eviction(node) {
      node.evict();
      backAfter(dice.between(0, 2_000), node);
    },
    "eviction of all": () => {
      for (const each of nodes) each.evict();
    },
    crash: (node) => node.crash(),
    "crash in a step": (node) => node.disk.failAfter(dice.between(1, 25), "crash"),
    "disk error"(node) {
      node.disk.failAfter(dice.between(1, 25), "error");
      // Its host, or its operator, starts it anew.
      clock.after(dice.between(100, 8_000), () => {
        node.evict();
        node.life();
      });
    },
    superseded: (node) => node.supersede(dice.between(10, 6_000)),
    down(node) {
      node.goDown();
      clock.after(dice.between(100, 20_000), () => node.comeUp());
    },
    isolation: (node) => isolate({ network, nodes }, node),
    "one-way cut": (node) => network.cut(node.id, dice.pick(nodes).id),
    partition,
    "clock jump": (node) => node.jump(dice.between(1, 20_000)),
    "membership change": () => changeMembership(world, cluster),
    "leadership transfer": () => transferLeadership(world, cluster),
    heal: () => network.heal(),
  };

  return {
    counts,
    strike() {
      const kind = draw();
      // With clocks that jump, a superseded instance's promises of time mean nothing.
      if (kind === (options.clocksJump ? "superseded" : "clock jump")) return;
      if (kind === "membership change" && options.spares === 0) return;
      const node = dice.pick(nodes);
      trace.text(kind);
      world.log(`— ${kind} ${node.id}`);
      counts[kind] += 1;
      perform[kind](node);
    },
  };
}
