// The follower: takes the leader's entries (§5.3), answers, and notices when the leader is gone.

import type { Millis } from "../base/brand.ts";
import { armElection, becomeFollower, callLeader, mayVoteAt, randomised } from "./election.ts";
import { campaign } from "./candidate.ts";
import { lastIndex, termAt } from "./log.ts";
import { onSnapshot } from "./snapshot.ts";
import { appendToLog, commitTo, type RaftState, setHard, truncateLogFrom } from "./state.ts";
import type { LogIndex, RaftMessage, ServerId } from "./types.ts";

type Append = Extract<RaftMessage, { kind: "append" }>;
type Snapshot = Extract<RaftMessage, { kind: "snapshot" }>;

/** What a leader says first of all: who it is, and in which round it speaks. */
type Heard = { readonly isOld: boolean };

/** The leader spoke. Every reply waits for the write: it promises that the entries are durable here. */
export function onAppend(state: RaftState, message: Append, now: Millis): void {
  const heard = hearLeader(state, message, now);
  if (heard === null) return;
  const { isOld } = heard;
  const matched = takeEntries(state, message);
  if (matched !== null) commitTo(state, Math.min(message.commitIndex, matched));
  // A delayed heartbeat of an earlier round must not end the sleep that a later one began.
  if (!(state.quiescent && isOld && message.entries.length === 0)) {
    settle(state, matched !== null && message.quiesce && matched === message.commitIndex, now);
  }
  const hint = matched ?? conflictHint(state, message);
  reply(state, message, matched !== null, hint, false);
}

/** A part of the leader's state, because its log no longer holds what we need. */
export function onSnapshotMessage(state: RaftState, message: Snapshot, now: Millis): void {
  if (hearLeader(state, message, now) === null) return;
  onSnapshot(state, message);
  settle(state, false, now);
}

/** Follows the sender if it leads; null, and an answer that says why not, if it does not. */
function hearLeader(state: RaftState, message: Append | Snapshot, now: Millis): Heard | null {
  if (message.term < state.hard.term) {
    reply(state, message, false, 0, false); // carries our term: the sender steps down
    return null;
  }
  if (state.role === "leader" && message.term === state.hard.term) return null; // nobody else leads our term
  if (message.term > state.hard.term || state.role !== "follower" || state.leader !== message.from) {
    becomeFollower(state, message.term, message.from, now);
  }
  if (message.incarnation < state.hard.leaderIncarnation) {
    reply(state, message, false, 0, true);
    return null;
  }
  const isOld = message.incarnation === state.hard.leaderIncarnation && message.round < state.leaderRound;
  state.leaderRound = isOld ? state.leaderRound : message.round;
  if (message.incarnation > state.hard.leaderIncarnation) {
    setHard(state, { leaderIncarnation: message.incarnation }); // a restart must not make us believe the older one
  }
  if (state.hard.cluster === "" && message.cluster !== undefined) {
    setHard(state, { cluster: message.cluster }); // whoever was added to a group belongs to it from now on
  }
  state.heardAt = now;
  state.failedCampaigns = 0;
  return { isOld };
}

/** Arms the deadline that fits: a leader that is awake, one that sleeps behind its alarm, or one that just sleeps. */
function settle(state: RaftState, quiesced: boolean, now: Millis): void {
  state.quiescent = quiesced;
  if (!quiesced) armElection(state, now);
  else if (state.config.mode === "quiescent") state.electionDueAt = null;
  else state.electionDueAt = now + state.config.drowsyFollowerMillis + randomised(state, 15_000);
}

/**
 * Appends what is new, after removing what conflicts; null when our log does not contain `prev`.
 * Returns how far our log is known to match the leader's. What is committed here matches by leader completeness,
 * so it is never compared again (it may have been compacted), and never cut.
 */
function takeEntries(state: RaftState, message: Append): LogIndex | null {
  const { log, commitIndex } = state;
  const { prev, entries } = message;
  if (prev.index > commitIndex && termAt(log, prev.index) !== prev.term) return null;
  for (const [position, entry] of entries.entries()) {
    if (entry.index <= commitIndex || termAt(log, entry.index) === entry.term) continue;
    if (entry.index <= lastIndex(log)) truncateLogFrom(state, entry.index);
    appendToLog(state, entries.slice(position));
    break;
  }
  return Math.max(prev.index + entries.length, commitIndex);
}

/** The highest index where the logs may meet: an entry of a later term than the leader's at `prev` is not shared. */
function conflictHint(state: RaftState, message: Append): LogIndex {
  let index = Math.min(message.prev.index - 1, lastIndex(state.log));
  while (index > state.commitIndex && (termAt(state.log, index) ?? 0) > message.prev.term) index -= 1;
  return Math.max(index, state.commitIndex);
}

function reply(
  state: RaftState,
  message: Append | Snapshot,
  success: boolean,
  matchIndex: LogIndex,
  staleIncarnation: boolean,
): void {
  state.outbox.afterPersist.push({
    kind: "appendReply",
    from: state.config.id,
    to: message.from,
    term: state.hard.term,
    incarnation: staleIncarnation ? state.hard.leaderIncarnation : message.incarnation,
    success,
    matchIndex,
    round: message.round,
    staleIncarnation,
  });
}

/** The deadline of a follower or candidate came. */
export function onElectionDue(state: RaftState, now: Millis): void {
  if (state.quiescent) callLeader(state, now);
  else campaign(state, now);
}

/** So many campaigns without an answer show that no majority is there; up to twice as many, none is put off. */
export const campaignsThatTell = 2;

/** A member of a group that may have just begun: no leader, no vote, no entry. */
function hasNeverHeard({ role, leader, hard, log }: RaftState): boolean {
  return role === "follower" && leader === null && hard.votedFor === null && lastIndex(log) === 0;
}

/** Somebody needs the group, here or at a peer that cannot find the leader. */
export function stirFollower(state: RaftState, now: Millis): void {
  if (state.quiescent) {
    callLeader(state, now);
  } else if (hasNeverHeard(state) && state.electionDueAt !== null) {
    // There is nobody to call: who is needed first campaigns, the others are still asleep.
    const soon = now + randomised(state, state.config.electionTimeoutMillis / 50);
    state.electionDueAt = Math.min(state.electionDueAt, soon);
  } else if (state.role !== "follower" && state.failedCampaigns > 4) {
    // Campaigns had become seldom because nobody needed us; now somebody does. That two have failed is not forgotten:
    // a recovery asks for it.
    state.failedCampaigns = campaignsThatTell;
    state.electionDueAt = Math.min(
      state.electionDueAt ?? Number.POSITIVE_INFINITY,
      now + randomised(state, state.config.stirWaitMillis / 2),
    );
  }
}

/** The runtime could not deliver to `peer`: if that is our leader, silence need not be waited for. */
export function onLeaderUnreachable(state: RaftState, peer: ServerId, now: Millis): void {
  if (state.role !== "follower" || state.leader !== peer) return;
  state.quiescent = false;
  const soon = Math.max(now, mayVoteAt(state)) + randomised(state, state.config.stirWaitMillis / 4);
  state.electionDueAt = Math.min(state.electionDueAt ?? Number.POSITIVE_INFINITY, soon);
}
