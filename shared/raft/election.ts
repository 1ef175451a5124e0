// Elections (§5.2, §5.4.1) with pre-vote and leader stickiness (thesis §9.6, §4.2.3): deadlines, and who gets our vote.

import type { Millis } from "../base/brand.ts";
import { nextRandom } from "../base/prng.ts";
import { isUpToDate, lastPosition } from "./log.ts";
import { isTransferred } from "./transfer.ts";
import { isPeer, peersOf, type RaftState, setHard } from "./state.ts";
import type { LogPosition, RaftMessage, ServerId, Term } from "./types.ts";

type Of<Kind extends RaftMessage["kind"]> = Extract<RaftMessage, { kind: Kind }>;

/** The next random duration in [least, 2 * least). */
export function randomised(state: RaftState, least: Millis): Millis {
  const drawn = nextRandom(state.random);
  state.random = drawn.state;
  return least + Math.floor(drawn.value * least);
}

/** Campaign when no leader was heard by a random deadline. */
export function armElection(state: RaftState, now: Millis): void {
  state.electionDueAt = now + randomised(state, state.config.electionTimeoutMillis);
}

/** The earliest moment at which we may campaign or vote: a leader may hold a lease until then. */
export function mayVoteAt(state: RaftState): Millis {
  return state.heardAt + state.config.electionTimeoutMillis;
}

/** Follows `leader` (or nobody yet) in `term`; what only a leader or candidate has is given up. */
export function becomeFollower(state: RaftState, term: Term, leader: ServerId | null, now: Millis): void {
  if (term > state.hard.term) {
    setHard(state, { term, votedFor: null, leaderIncarnation: 0 });
    state.leaderRound = 0;
  }
  if (state.role !== "follower" || state.leader !== leader) state.outbox.roleChanged = true;
  for (const read of state.leading?.reads ?? []) {
    state.outbox.answers.push({ kind: "readRefused", id: read.id, leader });
  }
  state.role = "follower";
  state.leading = null;
  state.leader = leader;
  state.quiescent = false;
  state.votes = new Map();
  armElection(state, now);
}

/** A follower needs its leader: calls it, and campaigns soon if it does not answer (design.md §2). */
export function callLeader(state: RaftState, now: Millis): void {
  const to = state.leader === null ? peersOf(state) : [state.leader];
  for (const peer of to) {
    state.outbox.now.push({ kind: "stir", from: state.config.id, to: peer, term: state.hard.term });
  }
  state.quiescent = false;
  state.failedCampaigns = 0;
  // A little randomness, lest two followers that were stirred together split the vote.
  const patience = state.config.stirWaitMillis + randomised(state, state.config.stirWaitMillis / 4);
  state.electionDueAt = Math.max(now + patience, mayVoteAt(state));
}

/** Answers whether we would vote; changes neither term nor vote. A sleeping follower asks its own leader first. */
export function onPreVote(state: RaftState, message: Of<"preVote">, now: Millis): void {
  const sleeping = state.quiescent && state.leader !== null && state.leader !== message.from;
  // A server that was removed and does not know it would keep the whole group awake.
  const isHeard = isPeer(state, message.from) || isBeyond(message.last, lastPosition(state.log));
  if (sleeping && isHeard && state.role === "follower") callLeader(state, now);
  const granted =
    !sleeping && state.role !== "leader" && mayGrant(state, message.term, message.from, message.last, now);
  state.outbox.now.push({
    kind: "preVoteReply",
    from: state.config.id,
    to: message.from,
    // A refusal tells our term, so that a candidate from the past catches up.
    term: granted ? message.term : state.hard.term,
    granted,
  });
}

/** Does a log that ends at `a` hold something that one that ends at `b` cannot hold? */
function isBeyond(a: LogPosition, b: LogPosition): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index);
}

/** Votes at most once a term, durably, for a log at least as complete as ours. */
export function onRequestVote(state: RaftState, message: Of<"requestVote">, now: Millis): void {
  // Within an election time-out of a leader's word the request is not even looked at: a server that was cut off
  // cannot depose a working leader by its higher term (thesis §4.2.3), and a leader's lease holds.
  // Unless that leader itself wants to be succeeded.
  const transferred = isTransferred(state, message);
  if (message.term > state.hard.term && now < mayVoteAt(state) && !transferred) return;
  if (message.term > state.hard.term) becomeFollower(state, message.term, null, now);
  const granted =
    state.role === "follower" &&
    mayGrant(state, message.term, message.from, message.last, transferred ? mayVoteAt(state) : now);
  if (granted) {
    setHard(state, { votedFor: message.from });
    armElection(state, now);
  }
  state.outbox.afterPersist.push({
    kind: "voteReply",
    from: state.config.id,
    to: message.from,
    term: state.hard.term,
    granted,
  });
}

function mayGrant(
  state: RaftState,
  term: Term,
  candidate: ServerId,
  last: LogPosition,
  now: Millis,
): boolean {
  if (term < state.hard.term || !isUpToDate(state.log, last)) return false;
  const { votedFor } = state.hard;
  if (term === state.hard.term && votedFor === candidate && state.leader === null) return true; // asked twice
  if (now < mayVoteAt(state)) return false;
  return term > state.hard.term || ((votedFor === null || votedFor === candidate) && state.leader === null);
}
