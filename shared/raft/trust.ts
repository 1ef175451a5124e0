// A server may be superseded: a newer instance of it runs on the same storage while the older one is still alive, and
// only a write tells the older one. So a leader counts itself among those who confirm a read only for as long after a
// durable write as a lease lasts, and a newer instance commits nothing before that is over.
//
// 1. Trust begins with a write under hard.mayServeReads and lasts leaseMillis; sleep ends it, and then clears the flag.
// 2. An instance that resumes and finds the flag set holds its commits back for an election time-out, which is longer.

import type { Millis } from "../base/brand.ts";
import { type Leading, type RaftState, setHard } from "./state.ts";

/** May this leader vouch for itself in a read now? If not, a write is made that tells. */
export function trustsItself(state: RaftState, leading: Leading, now: Millis): boolean {
  if (trustLasts(state, leading, now)) return true;
  setHard(state, { mayServeReads: true });
  return false;
}

/** Is the last write that told us young enough? */
export function trustLasts(state: RaftState, leading: Leading, now: Millis): boolean {
  return now < leading.trustedAt + state.config.leaseMillis;
}

/** A write that began at `state.writingAt` is durable: storage was ours then. */
export function renewTrust(state: RaftState, leading: Leading): void {
  if (state.hard.mayServeReads && !state.hardDirty) {
    leading.trustedAt = Math.max(leading.trustedAt, state.writingAt);
  }
}

/** The leader sleeps: it vouches for nothing until the next write. */
export function endTrust(state: RaftState, leading: Leading): void {
  leading.leaseUntil = Number.NEGATIVE_INFINITY;
  leading.trustedAt = Number.NEGATIVE_INFINITY;
  if (state.hard.mayServeReads) setHard(state, { mayServeReads: false });
}

/** Until when an instance that begins to lead now commits nothing. */
export function holdOf(state: RaftState, now: Millis): Millis {
  return state.hard.mayServeReads ? now + state.config.electionTimeoutMillis : now;
}
