// Leadership transfer (thesis §3.10): the leader takes no more proposals, brings one voter up to date and tells it to
// campaign at once. Nobody then waits out the leader's lease, so the lease must end first:
//
// 1. The leader voids its lease when it sends timeoutNow, and only rounds begun after that give another.
// 2. The request for a vote names the round of the timeoutNow; a voter that has answered a later round of that leader
//    may have given it a lease since, and treats the request like any other.
// 3. A leader that waits out an older instance of itself (trust.ts) transfers nothing before that is over.

import type { Millis } from "../base/brand.ts";
import { lastIndex } from "./log.ts";
import { isVoter } from "./membership.ts";
import type { Progress } from "./progress.ts";
import { beginRound } from "./replication.ts";
import { configurationOf, type Leading, type RaftState } from "./state.ts";
import type { RaftMessage, ServerId } from "./types.ts";

type RequestVote = Extract<RaftMessage, { kind: "requestVote" }>;

/** Begins a transfer to `to`, or to the voter that is most up to date; answers why not. */
export function transferLeadership(
  state: RaftState,
  leading: Leading,
  to: ServerId | null,
  now: Millis,
): void {
  const target = to ?? bestVoter(state, leading);
  const reason = refusalOf(state, leading, target, now);
  if (target === null || reason !== null) {
    state.outbox.answers.push({ kind: "transferRefused", reason: reason ?? "" });
    return;
  }
  leading.transfer = { to: target, dueAt: now + state.config.electionTimeoutMillis };
  beginRound(state, leading, now); // brings the target up to date
  continueTransfer(state, leading, target);
}

function refusalOf(state: RaftState, leading: Leading, to: ServerId | null, now: Millis): string | null {
  if (leading.transfer !== null) return `a transfer to ${leading.transfer.to} is under way`;
  if (now < leading.holdUntil || state.commitIndex < leading.readBarrier) {
    return "this leader has only just begun: try again in a moment";
  }
  if (to === null) return "there is no other voter that could lead";
  if (to === state.config.id) return `${to} is the leader already`;
  return isVoter(configurationOf(state), to) ? null : `${to} is no voter of this group`;
}

function bestVoter(state: RaftState, leading: Leading): ServerId | null {
  let best: readonly [ServerId, Progress] | null = null;
  for (const [id, progress] of leading.progress) {
    if (!isVoter(configurationOf(state), id) || progress.unreachable || progress.leavesAt !== null) continue;
    if (best === null || progress.match > best[1].match) best = [id, progress];
  }
  return best?.[0] ?? null;
}

/** A follower answered: if it is the target and holds everything, it is told to campaign. */
export function continueTransfer(state: RaftState, leading: Leading, from: ServerId): void {
  if (leading.transfer?.to !== from) return;
  const progress = leading.progress.get(from);
  if (progress !== undefined) sendTimeoutNow(state, leading, from, progress);
}

function sendTimeoutNow(state: RaftState, leading: Leading, to: ServerId, progress: Progress): void {
  if (progress.match < lastIndex(state.log) || leading.transferRound >= leading.round) return;
  leading.transferRound = leading.round;
  leading.leaseUntil = Number.NEGATIVE_INFINITY;
  state.outbox.afterPersist.push({
    kind: "timeoutNow",
    from: state.config.id,
    to,
    term: state.hard.term,
    incarnation: state.hard.incarnation,
    round: leading.round,
  });
}

/** Nobody took over within an election time-out: the leader goes on. */
export function endLateTransfer(state: RaftState, leading: Leading, now: Millis): void {
  if (leading.transfer === null || now < leading.transfer.dueAt) return;
  const reason = `${leading.transfer.to} did not take over in time: this server leads on`;
  leading.transfer = null;
  state.outbox.answers.push({ kind: "transferRefused", reason });
}

/** May this request be granted although a leader was heard a moment ago? That very leader has asked for it. */
export function isTransferred(state: RaftState, message: RequestVote): boolean {
  const { transfer } = message;
  if (transfer === null || message.term !== state.hard.term + 1) return false;
  if (state.leading !== null) return state.leading.transfer?.to === message.from;
  return transfer.incarnation === state.hard.leaderIncarnation && state.leaderRound <= transfer.round;
}
