// A site that loses the internet is not a site that died: when too large a share of the members vanishes within a
// window, nobody is expired until most of them are back. Decided here, out of names and times alone; used by
// member-health.ts.

import type { Millis } from "../../../shared/base/brand.ts";
import { limits } from "../../../shared/limits.ts";

export type MassLoss = {
  /** Who vanished, and when that was noticed. */
  readonly vanished: Map<string, Millis>;
  frozenSince: Millis | null;
  /** After a freeze: who has not been heard of again is expired only now. */
  graceUntil: Millis;
};

export function newMassLoss(): MassLoss {
  return { vanished: new Map(), frozenSince: null, graceUntil: 0 };
}

/** A member has vanished; noticing it again changes nothing. */
export function noteVanished(loss: MassLoss, node: string, now: Millis): void {
  if (!loss.vanished.has(node)) loss.vanished.set(node, now);
}

/** It is back, or has left in order. */
export function noteReturned(loss: MassLoss, node: string): void {
  loss.vanished.delete(node);
}

/**
 * Freezes or thaws; true when that changed. `members`: how many there were. While frozen nobody is forgotten as
 * vanished; it ends when half of what began it is left, and the stragglers have some time more: they are heard of one
 * after the other.
 */
export function judge(loss: MassLoss, members: number, now: Millis): boolean {
  const before = loss.frozenSince;
  if (before === null) {
    for (const [node, at] of loss.vanished) {
      if (now - at > limits.memberLossWindowMillis) loss.vanished.delete(node);
    }
  }
  const count = loss.vanished.size;
  const enough = Math.max(limits.memberLossCountMin, members * limits.memberLossShareMax);
  if (before === null && isTooMany(count, members)) loss.frozenSince = now;
  else if (before !== null && count <= enough / 2) {
    loss.frozenSince = null;
    loss.graceUntil = now + limits.memberLossGraceMillis;
  }
  return (before === null) !== (loss.frozenSince === null);
}

/**
 * How long a failure waits before it is written. The more vanish together the longer: while a whole site goes, its
 * members are noticed one after the other, and the first must not be expired before the last is counted. When one more
 * would be too many, as after two of a small pool, there is time for a round of probes and a suspicion.
 */
export function holdMillis(loss: MassLoss, members: number): Millis {
  const count = loss.vanished.size;
  const isNear = count >= 2 && count + 1 < members && isTooMany(count + 1, members);
  const least = isNear ? limits.memberLossNearMillis : 0;
  return Math.min(limits.memberLossHoldMillisMax, Math.max(least, limits.memberLossHoldMillis * count));
}

function isTooMany(count: number, members: number): boolean {
  return count >= limits.memberLossCountMin && count > members * limits.memberLossShareMax;
}
