// The network between servers, and between servers and their clients: delay, loss, repetition, reordering (delays
// differ) and partitions, also one-way. It carries whatever is to happen at the other end.

import type { Dice, SimulatedClock } from "./clock.ts";

export type NetworkFaults = {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMillisMax: number;
  /** How often a message takes seconds. */
  readonly lateness: number;
  /** How often an append carries only the first of its entries. */
  readonly splits: number;
};

export const quietNetwork: NetworkFaults = {
  loss: 0,
  duplication: 0,
  delayMillisMax: 5,
  lateness: 0,
  splits: 0,
};

export type Carried = {
  /** At the other end, perhaps twice if `repeats`. */
  readonly arrive: () => void;
  /** The sender is told that it did not arrive; not always. */
  readonly lost?: () => void;
  readonly repeats?: boolean;
};

export type NetworkCounts = { carried: number; lost: number; cut: number; repeated: number; late: number };

export type SimulatedNetwork = {
  carry(from: string, to: string, what: Carried): void;
  /** Cuts the way from one to another, in this direction only. */
  cut(from: string, to: string): void;
  mend(from: string, to: string): void;
  isCut(from: string, to: string): boolean;
  heal(): void;
  faults: NetworkFaults;
  readonly counts: NetworkCounts;
};

/** A network without partitions. */
export function simulatedNetwork(clock: SimulatedClock, dice: Dice, faults: NetworkFaults): SimulatedNetwork {
  const cuts = new Set<string>();
  const counts: NetworkCounts = { carried: 0, lost: 0, cut: 0, repeated: 0, late: 0 };
  const delay = (): number => {
    if (!dice.chance(network.faults.lateness)) return dice.between(1, network.faults.delayMillisMax);
    counts.late += 1;
    return dice.between(500, 4_000);
  };
  const network: SimulatedNetwork = {
    faults,
    counts,
    carry(from, to, { arrive, lost, repeats }) {
      counts.carried += 1;
      const isCut = cuts.size > 0 && cuts.has(`${from}>${to}`);
      if (isCut || dice.chance(network.faults.loss)) {
        counts[isCut ? "cut" : "lost"] += 1;
        if (lost !== undefined && dice.chance(0.5)) clock.after(dice.between(1, 2_000), lost);
        return;
      }
      clock.after(delay(), arrive);
      if (repeats !== true || !dice.chance(network.faults.duplication)) return;
      counts.repeated += 1;
      clock.after(delay(), arrive);
    },
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    mend: (from, to) => void cuts.delete(`${from}>${to}`),
    isCut: (from, to) => cuts.has(`${from}>${to}`),
    heal: () => cuts.clear(),
  };
  return network;
}
