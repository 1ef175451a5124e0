// The network between servers: delay, loss, repetition, reordering (delays differ) and partitions, also one-way.

import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { Dice, SimulatedClock } from "./clock.ts";

export type NetworkFaults = {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMillisMax: number;
  /** How often a message takes seconds. */
  readonly lateness: number;
};

export type SimulatedNetwork = {
  send(from: ServerId, to: ServerId, messages: readonly RaftMessage[]): void;
  /** Cuts the way from one to another, in this direction only. */
  cut(from: ServerId, to: ServerId): void;
  heal(): void;
  faults: NetworkFaults;
};

/** `deliver` returns the receiver's answers, or null when nobody is there; `lost` tells the sender, sometimes. */
export function simulatedNetwork(
  clock: SimulatedClock,
  dice: Dice,
  faults: NetworkFaults,
  deliver: (to: ServerId, messages: readonly RaftMessage[]) => readonly RaftMessage[] | null,
  lost: (from: ServerId, to: ServerId) => void,
): SimulatedNetwork {
  const cuts = new Set<string>();
  const carry = (from: ServerId, to: ServerId, messages: readonly RaftMessage[]): void => {
    const { lateness, delayMillisMax } = network.faults;
    const delay = dice.chance(lateness) ? dice.between(500, 4_000) : dice.between(1, delayMillisMax);
    clock.after(delay, () => {
      // What crosses the wire is a copy: nobody shares memory.
      const answers = deliver(to, JSON.parse(JSON.stringify(messages)));
      if (answers === null) lost(from, to);
      else if (answers.length > 0) network.send(to, from, answers);
    });
  };
  const network: SimulatedNetwork = {
    faults,
    send(from, to, messages) {
      if (cuts.has(`${from}>${to}`) || dice.chance(network.faults.loss)) {
        if (dice.chance(0.5)) clock.after(dice.between(1, 2_000), () => lost(from, to));
        return;
      }
      carry(from, to, messages);
      if (dice.chance(network.faults.duplication)) carry(from, to, messages);
    },
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: () => cuts.clear(),
  };
  return network;
}
