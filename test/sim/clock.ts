// Virtual time and the one event queue. Events at the same time run in the order in which they were scheduled.

import { nextRandom } from "../../shared/base/prng.ts";

type Event = { readonly at: number; readonly order: number; readonly run: () => void };

export type SimulatedClock = {
  now(): number;
  after(millis: number, run: () => void): void;
  /** Runs everything that is due until `until`; promises settled by an event are followed before the next one. */
  runUntil(until: number, afterEach: () => void): Promise<void>;
};

/** A clock at zero with nothing to do. */
export function simulatedClock(start: number): SimulatedClock {
  const heap: Event[] = [];
  let now = start;
  let order = 0;

  const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);
  const push = (event: Event): void => {
    let child = heap.push(event) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  };
  const pop = (): Event | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [parent * 2 + 1, parent * 2 + 2]) {
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      }
      if (least === parent) return top;
      [heap[least], heap[parent]] = [heap[parent]!, heap[least]!];
      parent = least;
    }
  };

  return {
    now: () => now,
    after(millis, run) {
      push({ at: now + Math.max(0, Math.round(millis)), order: order++, run });
    },
    async runUntil(until, afterEach) {
      while (heap[0] !== undefined && heap[0].at <= until) {
        const event = pop()!;
        now = event.at;
        event.run();
        for (let turn = 0; turn < 4; turn += 1) await null;
        afterEach();
      }
      now = until;
    },
  };
}

/** A server's own clock over the true one: it runs faster or slower, and it may jump ahead. */
export function nodeClock(
  clock: SimulatedClock,
  rate: number,
): Pick<SimulatedClock, "now" | "after"> & { jump(millis: number): void } {
  const origin = clock.now();
  let jumped = 0;
  return {
    now: () => Math.floor(origin + (clock.now() - origin) * rate) + jumped,
    // One more, for a deadline never comes early.
    after: (millis, run) => clock.after(Math.ceil(Math.max(0, millis) / rate) + 1, run),
    jump(millis) {
      jumped += millis;
    },
  };
}

export type Dice = {
  /** In [0, 1). */
  roll(): number;
  /** An integer in [least, most]. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
};

/** All randomness of a run, from its seed. */
export function seededDice(seed: number): Dice {
  let state = seed | 0;
  const roll = (): number => {
    const drawn = nextRandom(state);
    state = drawn.state;
    return drawn.value;
  };
  return {
    roll,
    between: (least, most) => least + Math.floor(roll() * (most - least + 1)),
    chance: (probability) => roll() < probability,
    pick: (from) => from[Math.floor(roll() * from.length)]!,
  };
}
