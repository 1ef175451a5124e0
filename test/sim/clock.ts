// Virtual time and the one event queue. Events at the same time run in the order in which they were scheduled.

import { nextRandom } from "../../shared/base/prng.ts";

type Event = { readonly at: number; readonly order: number; readonly run: () => void };

export type SimulatedClock = {
  now(): number;
  after(millis: number, run: () => void): void;
  /**
   * Runs everything that is due until `until`. Promises that an event settles are followed to their end before the next
   * event, so the order of all that happens is the queue's alone.
   */
  runUntil(until: number, afterEach: () => void): Promise<void>;
  events(): number;
};

/** Between two turns of Node's own event loop, so that other work in this process is not starved. */
const eventsPerTurn = 20_000;

/** Every microtask that is queued, and what those queue, has run: Node looks at its ticks only then. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** A clock at zero with nothing to do. */
export function simulatedClock(start: number): SimulatedClock {
  const heap: Event[] = [];
  let now = start;
  let order = 0;
  let events = 0;

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
      const left = parent * 2 + 1;
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
      if (left + 1 < heap.length && before(heap[left + 1]!, heap[least]!)) least = left + 1;
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
        await settled();
        afterEach();
        events += 1;
        if (events % eventsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
    },
    events: () => events,
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
