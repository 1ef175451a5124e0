// Local health (Lifeguard section IV.A): a score from 0, well, to max − 1. A member that suspects itself of being
// slow is slower to accuse others.

import type { Millis } from "../base/brand.ts";

/** The score after `delta`, kept in 0 … max − 1. */
export function adjustHealth(score: number, delta: number, max: number): number {
  return Math.min(Math.max(score + delta, 0), max - 1);
}

/** A time as a member of this score takes it. */
export function scaleByHealth(millis: Millis, score: number): Millis {
  return millis * (score + 1);
}

/** What a failed probe says about ourselves: every relay that owed us a nack and sent none; without relays 1. */
export function failedProbeDelta(nacksExpected: number, nacksReceived: number): number {
  if (nacksExpected === 0) return 1;
  return Math.max(0, nacksExpected - nacksReceived);
}
