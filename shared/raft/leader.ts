// The leader: takes over, resumes after a restart, proposes, beats, checks its quorum, and lets the group sleep.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import { becomeFollower } from "./election.ts";
import { lastIndex } from "./log.ts";
import { hasQuorum, isConfigurationEntry } from "./membership.ts";
import { newProgress, type Progress } from "./progress.ts";
import { dropDeparted } from "./reconfigure.ts";
import { advanceCommit, beginRound, replicate, sendCommitNotices } from "./replication.ts";
import { appendToLog, configurationOf, type Leading, peersOf, type RaftState, setHard } from "./state.ts";
import { endLateTransfer } from "./transfer.ts";
import { endTrust, holdOf } from "./trust.ts";
import type { LogIndex } from "./types.ts";

/** Won an election: one write holds the leadership and the empty entry that commits what came before (§5.4.2, §8). */
export function becomeLeader(state: RaftState, now: Millis): void {
  // Whoever waited for this election has waited out what an older instance of us may have promised.
  setHard(state, {
    leaderTerm: state.hard.term,
    incarnation: state.hard.incarnation + 1,
    mayServeReads: false,
  });
  lead(state, now, lastIndex(state.log) + 1, now);
  appendToLog(state, [{ index: lastIndex(state.log) + 1, term: state.hard.term, command: "" }]);
  beginRound(state, state.leading!, now);
}

/**
 * This server led its term when it went to sleep or crashed, and all it ever sent was durable before: it goes on,
 * under a higher incarnation that is durable before the first message. Whatever its log holds may have been answered
 * for, so nothing is served before all of it is committed.
 */
export function resumeLeadership(state: RaftState, now: Millis): void {
  assert(state.hard.leaderTerm === state.hard.term, "only the leader of this term resumes it");
  setHard(state, { incarnation: state.hard.incarnation + 1 });
  lead(state, now, lastIndex(state.log), now - state.config.quiesceAfterMillis);
  beginRound(state, state.leading!, now);
}

/** Leads from now on; reads are served once `readBarrier` is committed. */
export function lead(state: RaftState, now: Millis, readBarrier: LogIndex, neededAt: Millis): void {
  const progress = new Map(peersOf(state).map((peer) => [peer, newProgress(lastIndex(state.log), now)]));
  state.role = "leader";
  state.leader = state.config.id;
  state.quiescent = false;
  state.votes = new Map();
  state.failedCampaigns = 0;
  state.electionDueAt = null;
  state.outbox.roleChanged = true;
  state.leading = {
    progress,
    readBarrier,
    round: 0,
    confirmedRound: 0,
    openRounds: [],
    leaseUntil: Number.NEGATIVE_INFINITY,
    trustedAt: Number.NEGATIVE_INFINITY,
    holdUntil: holdOf(state, now),
    reads: [],
    heartbeatDueAt: now,
    checkQuorumAt: now + checkQuorumMillis(state),
    commitNoticeAt: null,
    awakeSince: now,
    neededAt,
    quiesceRound: null,
    transfer: null,
    transferRound: 0,
  };
}

/** Appends proposals of one turn as one batch. */
export function propose(state: RaftState, leading: Leading, commands: readonly string[], now: Millis): void {
  needed(state, leading, now);
  if (leading.transfer !== null) {
    state.outbox.answers.push({ kind: "refused", leader: leading.transfer.to });
    return;
  }
  const first = lastIndex(state.log) + 1;
  assert(!commands.some((command) => isConfigurationEntry({ command })), "a command is no configuration");
  const entries = commands.map((command, i) => ({ index: first + i, term: state.hard.term, command }));
  appendToLog(state, entries);
  const indexes = entries.map((entry) => entry.index);
  state.outbox.answers.push({ kind: "proposed", indexes, term: state.hard.term });
  replicate(state, leading, now);
}

/** Somebody needs the leader: the group's sleep, or its way there, ends. */
export function needed(state: RaftState, leading: Leading, now: Millis): void {
  leading.neededAt = now;
  leading.quiesceRound = null;
  if (state.quiescent) rouse(state, leading, now);
}

/** The timers run again; leases are void, and the quorum has a full interval to show itself. */
export function rouse(state: RaftState, leading: Leading, now: Millis): void {
  state.quiescent = false;
  leading.quiesceRound = null;
  leading.leaseUntil = Number.NEGATIVE_INFINITY;
  leading.awakeSince = now;
  leading.heartbeatDueAt = now;
  leading.checkQuorumAt = now + checkQuorumMillis(state);
  for (const progress of leading.progress.values()) {
    progress.active = false;
    progress.lastReplyAt = now;
  }
}

/** All that is due: heartbeats, notices of commits, the check of the quorum. */
export function onLeaderWake(state: RaftState, leading: Leading, now: Millis): void {
  if (state.quiescent) {
    if (now < leading.heartbeatDueAt) return;
    rouse(state, leading, now); // the drowsy alarm: one round that says "quiesce" checks the quorum
  }
  if (now >= leading.holdUntil) advanceCommit(state, leading, now);
  if (state.leading !== leading) return; // what was committed ended our leadership
  if (now >= leading.checkQuorumAt && !checkQuorum(state, leading, now)) return;
  endLateTransfer(state, leading, now);
  if (now >= leading.heartbeatDueAt) {
    if (leading.quiesceRound === null && mayQuiesce(state, leading, now)) {
      leading.quiesceRound = leading.round + 1;
    }
    beginRound(state, leading, now);
  }
  if (leading.commitNoticeAt !== null && now >= leading.commitNoticeAt) sendCommitNotices(state, leading);
}

/** Thesis §6.2: a leader that a majority has not answered for an interval steps down. False when it did. */
function checkQuorum(state: RaftState, leading: Leading, now: Millis): boolean {
  // A wake that comes late proves nothing about the others: their answers may still be in the queue behind it.
  const isLate = now - leading.checkQuorumAt > state.config.electionTimeoutMillis;
  leading.checkQuorumAt = now + checkQuorumMillis(state);
  const answered = hasQuorum(
    configurationOf(state),
    (id) => id === state.config.id || leading.progress.get(id)?.active === true,
  );
  dropDeparted(state, leading, now);
  for (const progress of leading.progress.values()) progress.active = false;
  if (isLate || answered) return true;
  becomeFollower(state, state.hard.term, null, now);
  return false;
}

function checkQuorumMillis(state: RaftState): Millis {
  return state.config.electionTimeoutMillis * 2;
}

/** Is there nothing left to do for anybody who can be reached? */
function mayQuiesce(state: RaftState, leading: Leading, now: Millis): boolean {
  const last = lastIndex(state.log);
  return (
    state.config.mode !== "awake" &&
    now - leading.neededAt >= state.config.quiesceAfterMillis &&
    state.commitIndex === last &&
    leading.reads.length === 0 &&
    leading.transfer === null &&
    followersAreDone(state, leading, now, (progress) => progress.match === last)
  );
}

/** After every answer: once all who can be reached have agreed to sleep, the leader sleeps too. */
export function settleQuiescence(state: RaftState, leading: Leading, now: Millis): void {
  const { quiesceRound } = leading;
  const last = lastIndex(state.log);
  if (state.quiescent) {
    // Whoever turns out to be behind while we sleep (it was cut off before) is served now.
    if ([...leading.progress.values()].some((p) => p.active && p.match < last)) rouse(state, leading, now);
    return;
  }
  if (quiesceRound === null || state.commitIndex !== last || leading.reads.length > 0) return;
  const isAsleep = (progress: Progress) => progress.ackedRound >= quiesceRound && progress.match === last;
  if (!followersAreDone(state, leading, now, isAsleep)) return;
  state.quiescent = true;
  endTrust(state, leading);
  leading.commitNoticeAt = null;
  leading.openRounds = [];
  leading.heartbeatDueAt = now + state.config.drowsyAlarmMillis;
  for (const progress of leading.progress.values()) progress.active = false;
}

/** All are, or a quorum is and the rest has been silent for long: one that is cut off keeps nobody awake. */
function followersAreDone(
  state: RaftState,
  leading: Leading,
  now: Millis,
  isDone: (progress: Progress) => boolean,
): boolean {
  const patience = state.config.electionTimeoutMillis * 2;
  const done = new Set([state.config.id]);
  for (const [id, progress] of leading.progress) {
    if (isDone(progress)) done.add(id);
    else if (!progress.unreachable && now - progress.lastReplyAt < patience) return false;
  }
  return hasQuorum(configurationOf(state), (id) => done.has(id));
}

/** The next deadline; null while the group sleeps without an alarm. */
export function leaderWakeAt(state: RaftState, leading: Leading, now: Millis): Millis | null {
  if (state.quiescent) return state.config.mode === "drowsy" ? leading.heartbeatDueAt : null;
  const notice = leading.commitNoticeAt ?? Number.POSITIVE_INFINITY;
  const hold = state.commitIndex < lastIndex(state.log) ? leading.holdUntil : 0;
  const transfer = leading.transfer?.dueAt ?? Number.POSITIVE_INFINITY;
  const next = Math.min(leading.heartbeatDueAt, leading.checkQuorumAt, notice, transfer);
  return hold > now ? Math.min(next, hold) : next;
}
