// The network between servers: delay, loss, repetition, reordering (delays differ) and partitions, also one-way.

import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
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

/** Takes messages and returns the answers for their sender; null when nobody is there. */
export type Receiver = (messages: readonly RaftMessage[]) => readonly RaftMessage[] | null;

export type SimulatedNetwork = {
  /** Answers go back to the very instance that asked, to `answersTo`. */
  send(from: ServerId, to: ServerId, messages: readonly RaftMessage[], answersTo: Receiver): void;
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
  deliver: (to: ServerId, messages: readonly RaftMessage[], sentAt: number) => readonly RaftMessage[] | null,
  lost: (from: ServerId, to: ServerId) => void,
): SimulatedNetwork {
  const cuts = new Set<string>();
  const carry = (
    from: ServerId,
    to: ServerId,
    messages: readonly RaftMessage[],
    answersTo: Receiver,
    receiver: Receiver | null,
  ): void => {
    const sentAt = clock.now();
    const { lateness, delayMillisMax } = network.faults;
    const delay = dice.chance(lateness) ? dice.between(500, 4_000) : dice.between(1, delayMillisMax);
    clock.after(delay, () => {
      // What crosses the wire is a copy: nobody shares memory.
      const copy = split(JSON.parse(JSON.stringify(messages)) as readonly RaftMessage[]);
      const answers = receiver === null ? deliver(to, copy, sentAt) : receiver(copy);
      if (answers === null) lost(from, to);
      else if (answers.length > 0) {
        // Most hosts answer the instance that asked; with some, an answer is a message like any other.
        const back: Receiver | null = dice.chance(0.7) ? answersTo : null;
        dispatch(to, from, answers, (more) => deliver(to, more, clock.now()), back);
      }
    });
  };
  const split = (messages: readonly RaftMessage[]): readonly RaftMessage[] =>
    messages.map((message) => {
      const isSplit = message.kind === "append" && message.entries.length > 1;
      if (!isSplit || !dice.chance(network.faults.splits)) return message;
      return { ...message, entries: message.entries.slice(0, 1) };
    });
  const dispatch = (...[from, to, ...rest]: Parameters<typeof carry>): void => {
    if (cuts.has(`${from}>${to}`) || dice.chance(network.faults.loss)) {
      if (dice.chance(0.5)) clock.after(dice.between(1, 2_000), () => lost(from, to));
      return;
    }
    carry(from, to, ...rest);
    if (dice.chance(network.faults.duplication)) carry(from, to, ...rest);
  };
  const network: SimulatedNetwork = {
    faults,
    send: (from, to, messages, answersTo) => dispatch(from, to, messages, answersTo, null),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    heal: () => cuts.clear(),
  };
  return network;
}
