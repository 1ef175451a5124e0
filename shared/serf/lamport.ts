// Lamport's logical clock: counts that order what members say without looking at a wall clock
// (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978).

import type { LamportTime } from "./types.ts";

/** A clock is the number that the next message may use; it starts at 1. */
export const clockStart: LamportTime = 1;

/** The clock after a message of this time was seen. */
export function witness(clock: LamportTime, seen: LamportTime): LamportTime {
  return seen >= clock ? seen + 1 : clock;
}

/** The clock after a push/pull named the other side's clock: the last time used there is one less. */
export function witnessClock(clock: LamportTime, other: LamportTime): LamportTime {
  return other > 0 ? witness(clock, other - 1) : clock;
}
