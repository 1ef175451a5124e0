// Linearizable reads (thesis §6.4): a read is served at the commit index once a quorum has answered a heartbeat round
// that began after the read arrived, or within a lease that such a round gave. Leases end with every sleep.

import type { Millis } from "../base/brand.ts";
import { agreedValue } from "./membership.ts";
import { beginRound } from "./replication.ts";
import { configurationOf, isAlone, type Leading, type RaftState } from "./state.ts";
import { trustLasts, trustsItself } from "./trust.ts";

/** A read arrived at the leader. `lease`: the caller is content with a lease (Consul's default consistency). */
export function onRead(state: RaftState, leading: Leading, id: number, lease: boolean, now: Millis): void {
  const hasLease = lease && isLeased(state, leading, now);
  if (trustsItself(state, leading, now) && hasLease) {
    state.outbox.answers.push({ kind: "readReady", id, index: state.commitIndex });
    return;
  }
  // With a lease, all that is missing is the write that shows that storage is still ours.
  leading.reads.push({ id, round: hasLease ? leading.confirmedRound : leading.round + 1 });
  if (hasLease) return;
  // While a round is out, reads gather for the next one.
  if (leading.confirmedRound >= leading.round) beginRound(state, leading, now);
}

function isLeased(state: RaftState, leading: Leading, now: Millis): boolean {
  return now < leading.leaseUntil && state.commitIndex >= leading.readBarrier;
}

/** Would a read with a lease that arrived now be answered at once? Asking changes nothing. */
export function leaseHolds(state: RaftState, now: Millis): boolean {
  const { leading } = state;
  return leading !== null && isLeased(state, leading, now) && trustLasts(state, leading, now);
}

/**
 * Would a read that wants a quorum be answered at once? The quorum of a group of one is this server, whose rounds are
 * confirmed as they begin; what it must not miss is that another instance took its place (trust.ts).
 */
export function isQuorumAlone(state: RaftState, now: Millis): boolean {
  const { leading } = state;
  if (leading === null || !isAlone(state)) return false;
  if (now < leading.holdUntil || state.commitIndex < leading.readBarrier) return false;
  return trustLasts(state, leading, now);
}

/** Counts how far a quorum has answered; extends the lease and answers the reads that waited for that. */
export function confirmRounds(state: RaftState, leading: Leading, now: Millis): void {
  const confirmed = agreedValue(configurationOf(state), (id) =>
    id === state.config.id ? leading.round : (leading.progress.get(id)?.ackedRound ?? 0),
  );
  if (confirmed > leading.confirmedRound) {
    leading.confirmedRound = confirmed;
    while ((leading.openRounds[0]?.round ?? Number.POSITIVE_INFINITY) <= confirmed) {
      const round = leading.openRounds.shift();
      const until = (round?.at ?? 0) + state.config.leaseMillis;
      const mayLease = !state.quiescent && (round?.round ?? 0) > leading.transferRound;
      if (mayLease) leading.leaseUntil = Math.max(leading.leaseUntil, until);
    }
  }
  if (now < leading.holdUntil || state.commitIndex < leading.readBarrier) return;
  const ready = leading.reads.filter((read) => read.round <= leading.confirmedRound);
  if (ready.length === 0 || !trustsItself(state, leading, now)) return;
  leading.reads = leading.reads.filter((read) => read.round > leading.confirmedRound);
  for (const read of ready) {
    state.outbox.answers.push({ kind: "readReady", id: read.id, index: state.commitIndex });
  }
}

/** Reads that came while the last round was out get theirs now. */
export function nextReadRound(state: RaftState, leading: Leading, now: Millis): void {
  const isWaiting = leading.reads.some((read) => read.round > leading.round);
  if (isWaiting && leading.confirmedRound >= leading.round) beginRound(state, leading, now);
}
