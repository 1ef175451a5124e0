// The two candidate roles: pre-candidate (would I win? costs nobody a term) and candidate (§5.2).

import type { Millis } from "../base/brand.ts";
import { armElection, becomeFollower, mayVoteAt, randomised } from "./election.ts";
import { becomeLeader } from "./leader.ts";
import { lastPosition } from "./log.ts";
import { electionResult, voterIds } from "./membership.ts";
import { configurationOf, mayCampaign, type RaftState, setHard } from "./state.ts";
import type { LeaderRound, RaftMessage, ServerId } from "./types.ts";

type Of<Kind extends RaftMessage["kind"]> = Extract<RaftMessage, { kind: Kind }>;

/** The deadline came without a leader: asks who would vote, or goes on waiting while a lease may be out. */
export function campaign(state: RaftState, now: Millis): void {
  if (!mayCampaign(state)) {
    waitToBeCalled(state);
    return;
  }
  if (now < mayVoteAt(state)) {
    state.electionDueAt = mayVoteAt(state);
    return;
  }
  if (state.role !== "preCandidate" || state.leader !== null) state.outbox.roleChanged = true;
  state.role = "preCandidate";
  state.leader = null;
  state.quiescent = false;
  state.votes = new Map([[state.config.id, true]]);
  const backedOff =
    state.config.electionTimeoutMillis * 2 ** Math.max(0, Math.min(state.failedCampaigns - 4, 10));
  state.failedCampaigns += 1;
  state.electionDueAt = now + randomised(state, Math.min(backedOff, state.config.campaignBackoffMillisMax));
  const last = lastPosition(state.log);
  for (const to of otherVoters(state)) {
    state.outbox.now.push({ kind: "preVote", from: state.config.id, to, term: state.hard.term + 1, last });
  }
  if (wins(state)) becomeCandidate(state, now);
}

export function onPreVoteReply(state: RaftState, message: Of<"preVoteReply">, now: Millis): void {
  if (!message.granted) {
    if (message.term > state.hard.term) becomeFollower(state, message.term, null, now);
    else if (state.role === "preCandidate") state.votes.set(message.from, false);
    return;
  }
  if (state.role !== "preCandidate" || message.term !== state.hard.term + 1) return;
  state.votes.set(message.from, true);
  if (wins(state)) becomeCandidate(state, now);
}

export function onVoteReply(state: RaftState, message: Of<"voteReply">, now: Millis): void {
  if (message.term > state.hard.term) {
    becomeFollower(state, message.term, null, now);
    return;
  }
  if (state.role !== "candidate" || message.term !== state.hard.term) return;
  state.votes.set(message.from, message.granted);
  if (wins(state)) becomeLeader(state, now);
}

/** The leader asked for it: no pre-vote, and nobody need wait until its lease is over. */
export function onTimeoutNow(state: RaftState, message: Of<"timeoutNow">, now: Millis): void {
  const isOurLeader = message.term === state.hard.term && state.leader === message.from;
  if (state.role !== "follower" || !isOurLeader || !mayCampaign(state)) return;
  if (message.incarnation !== state.hard.leaderIncarnation || message.round < state.leaderRound) return;
  becomeCandidate(state, now, { incarnation: message.incarnation, round: message.round });
}

function becomeCandidate(state: RaftState, now: Millis, transfer: LeaderRound | null = null): void {
  setHard(state, { term: state.hard.term + 1, votedFor: state.config.id, leaderIncarnation: 0 });
  state.role = "candidate";
  state.quiescent = false;
  state.leader = null;
  state.leaderRound = 0;
  state.outbox.roleChanged = true;
  state.votes = new Map([[state.config.id, true]]);
  armElection(state, now);
  const last = lastPosition(state.log);
  for (const to of otherVoters(state)) {
    // After the write: we must remember that we voted for ourselves before anybody counts on it.
    state.outbox.afterPersist.push({
      kind: "requestVote",
      from: state.config.id,
      to,
      term: state.hard.term,
      last,
      transfer,
    });
  }
  if (wins(state)) becomeLeader(state, now);
}

/** Without a vote a server disturbs nobody: it waits for a leader to speak to it, without a timer. */
function waitToBeCalled(state: RaftState): void {
  if (state.role !== "follower" || state.leader !== null) state.outbox.roleChanged = true;
  state.role = "follower";
  state.leader = null;
  state.quiescent = false;
  state.electionDueAt = null;
}

function otherVoters(state: RaftState): readonly ServerId[] {
  return voterIds(configurationOf(state)).filter((id) => id !== state.config.id);
}

function wins(state: RaftState): boolean {
  return electionResult(configurationOf(state), state.votes) === "won";
}
