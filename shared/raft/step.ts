// The whole of raft as one function: (state, input, now) → effects. Terms first, then the role's own step.
// It never waits, sends, reads a clock or rolls dice; see DESIGN.md for what the driver owes it.

import { assert, assertNever } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import { campaign, onPreVoteReply, onTimeoutNow, onVoteReply } from "./candidate.ts";
import { armElection, becomeFollower, onPreVote, onRequestVote, randomised } from "./election.ts";
import { onAppend, onElectionDue, onLeaderUnreachable, onSnapshotMessage, stirFollower } from "./follower.ts";
import { isForeign, onOtherEpoch, stamped } from "./epoch.ts";
import { leaderWakeAt, needed, onLeaderWake, propose, resumeLeadership, settleQuiescence } from "./leader.ts";
import {
  entriesBetween,
  lastIndex,
  lastPosition,
  markCompacted,
  markPersisted,
  releaseMemory,
  takeUnpersisted,
} from "./log.ts";
import { clusterOf } from "./membership.ts";
import { nextReadRound, onRead } from "./read-index.ts";
import { recover } from "./recover.ts";
import { changeMembership } from "./reconfigure.ts";
import {
  advanceCommit,
  beginRound,
  onAppendReply,
  onFollowerSnapshotReply,
  onFollowerUnreachable,
  sendCommitNotices,
} from "./replication.ts";
import { isSnapshotInUse, onSnapshotTaken } from "./snapshot.ts";
import {
  configurationOf,
  emptyOutbox,
  isAlone,
  isPeer,
  mayCampaign,
  type RaftState,
  setHard,
} from "./state.ts";
import { isTransferred, transferLeadership } from "./transfer.ts";
import { renewTrust } from "./trust.ts";
import type {
  Configuration,
  Entry,
  LogPosition,
  PersistBatch,
  RaftEffects,
  RaftInput,
  RaftMessage,
} from "./types.ts";

/** What a change is refused with where there is no leader. */
const notLeader = "this server is not the leader";
/** How much is handed out to be applied at once; the rest follows when that is reported as applied. */
const applyBytesMax = 4 << 20;
/**
 * Entries that stay in memory after they were applied, for followers that are a little behind, and how many are forgotten
 * at a time: to move a thousand down for each one that goes was a tenth of a write. Nobody is behind a group of one, and
 * there what is held for a thousand writes is what makes collecting garbage dear.
 */
const tailKept = { entries: 1_000, released: 256 };
const tailKeptAlone = { entries: 16, released: 32 };

/** Takes one input. Mutates `state`; the effects are to be carried out in the order that their type says. */
export function step(state: RaftState, input: RaftInput, now: Millis): RaftEffects {
  state.outbox = emptyOutbox();
  const before = { term: state.hard.term, epoch: state.hard.epoch, commitIndex: state.commitIndex };
  if (!state.started) start(state, now);
  handle(state, input, now);
  const { leading } = state;
  if (leading !== null) {
    nextReadRound(state, leading, now);
    settleQuiescence(state, leading, now);
  }
  assert(state.hard.term >= before.term || state.hard.epoch > before.epoch, "the term never falls");
  assert(
    state.commitIndex >= before.commitIndex || state.hard.epoch > before.epoch,
    "the commit index never falls",
  );
  assert(state.commitIndex <= lastIndex(state.log), "what is committed is in the log");
  return effects(state, now);
}

function start(state: RaftState, now: Millis): void {
  state.started = true;
  const { hard, config, log } = state;
  if (hard.term > 0) state.heardAt = now; // we may have promised a leader its lease before the restart
  if (!mayCampaign(state)) {
    state.electionDueAt = null; // somebody will call, or bootstrap it
  } else if (isAlone(state)) {
    campaignAlone(state, now);
  } else if (hard.term > 0 && hard.leaderTerm === hard.term) {
    resumeLeadership(state, now);
  } else if (hard.term === 0) {
    state.electionDueAt = now + randomised(state, config.electionTimeoutMillis / 5); // nobody can be leading yet
  } else {
    // Whom we voted for probably leads; if not, it does not answer when we call.
    state.leader = hard.votedFor === config.id ? null : hard.votedFor;
    state.quiescent = config.mode !== "awake" && lastIndex(log) === state.commitIndex;
    if (!state.quiescent) armElection(state, now);
    else if (config.mode === "drowsy") state.electionDueAt = now + config.drowsyFollowerMillis;
  }
}

/** The first configuration of a server that knows nothing yet (thesis §4.4). All of the group get the same one. */
function bootstrap(state: RaftState, configuration: Configuration, now: Millis): void {
  assert(isPristine(state), "only a server without any state is bootstrapped");
  state.configurations = [{ index: 0, configuration }];
  if (state.hard.cluster === "") setHard(state, { cluster: clusterOf(configuration.servers) });
  // The configuration is the work of term 1, as in Consul, whose first leader is that of term 2.
  if (state.hard.term === 0) setHard(state, { term: 1 });
  state.bootstrapDirty = true;
  if (!mayCampaign(state)) return;
  if (isAlone(state)) campaignAlone(state, now);
  else state.electionDueAt = now + randomised(state, state.config.electionTimeoutMillis / 5);
}

/**
 * Does it lack the configuration at the log's beginning? It may have voted already, or taken entries, for a leader that
 * was quicker: such a group's first configuration is in force before its first entry, whenever a member learns of it.
 */
export function isPristine(state: RaftState): boolean {
  return state.configurations.length === 0 && state.log.base.index === 0;
}

/** A group of one has nobody to wait for. */
function campaignAlone(state: RaftState, now: Millis): void {
  state.heardAt = Number.NEGATIVE_INFINITY;
  if (state.hard.term > 0 && state.hard.leaderTerm === state.hard.term) resumeLeadership(state, now);
  else campaign(state, now);
}

function handle(state: RaftState, input: RaftInput, now: Millis): void {
  const { leading } = state;
  switch (input.kind) {
    case "wake":
      if (leading !== null) onLeaderWake(state, leading, now);
      else if (state.electionDueAt !== null && now >= state.electionDueAt) onElectionDue(state, now);
      return;
    case "message":
      onMessage(state, input.message, now);
      return;
    case "propose":
      if (leading !== null) propose(state, leading, input.commands, now);
      else state.outbox.answers.push({ kind: "refused", leader: state.leader });
      return;
    case "bootstrap":
      bootstrap(state, input.configuration, now);
      return;
    case "recover":
      recover(state, input.configuration, input.epoch, now);
      return;
    case "change":
      if (leading === null) {
        state.outbox.answers.push({ kind: "changeRefused", reason: notLeader });
        return;
      }
      needed(state, leading, now);
      changeMembership(state, leading, input.change, now);
      return;
    case "snapshotTaken":
      state.snapshot = input.cut;
      if (leading !== null) onSnapshotTaken(state, leading, now);
      return;
    case "transfer":
      if (leading === null) {
        state.outbox.answers.push({ kind: "transferRefused", reason: notLeader });
        return;
      }
      needed(state, leading, now);
      transferLeadership(state, leading, input.to, now);
      return;
    case "read":
      if (leading === null) {
        state.outbox.answers.push({ kind: "readRefused", id: input.id, leader: state.leader });
        return;
      }
      needed(state, leading, now);
      onRead(state, leading, input.id, input.lease, now);
      return;
    case "tellCommit":
      if (leading !== null && leading.commitNoticeAt !== null) sendCommitNotices(state, leading);
      return;
    case "persisted":
      markPersisted(state.log, input.last);
      if (leading !== null) {
        renewTrust(state, leading);
        advanceCommit(state, leading, now);
      }
      return;
    case "applied":
      assert(input.index <= state.applyingIndex, "only what was handed out is applied");
      state.appliedIndex = Math.max(state.appliedIndex, input.index);
      releaseTail(state);
      return;
    case "stir":
      if (leading === null) stirFollower(state, now);
      else stirLeader(state, now);
      return;
    case "unreachable":
      if (leading !== null) onFollowerUnreachable(leading, input.peer);
      else onLeaderUnreachable(state, input.peer, now);
      return;
    default:
      assertNever(input);
  }
}

function releaseTail({ configurations, log, appliedIndex }: RaftState): void {
  const isOfOne = configurations.every(({ configuration: { servers, outgoing } }) => {
    return servers.length === 1 && outgoing.length === 0;
  });
  const { entries, released } = isOfOne ? tailKeptAlone : tailKept;
  if (appliedIndex - entries >= log.tailFirst + released) releaseMemory(log, appliedIndex - entries);
}

function onMessage(state: RaftState, message: RaftMessage, now: Millis): void {
  if (message.to !== state.config.id || message.from === state.config.id) return;
  if (isForeign(state, message) || onOtherEpoch(state, message, now)) return;
  const { leading } = state;
  switch (message.kind) {
    case "append":
      onAppend(state, message, now);
      return;
    case "appendReply":
      if (message.term > state.hard.term) becomeFollower(state, message.term, null, now);
      else if (leading !== null && message.term === state.hard.term)
        onAppendReply(state, leading, message, now);
      return;
    case "snapshot":
      onSnapshotMessage(state, message, now);
      return;
    case "snapshotReply":
      if (message.term > state.hard.term) becomeFollower(state, message.term, null, now);
      else if (leading !== null && message.term === state.hard.term)
        onFollowerSnapshotReply(state, leading, message, now);
      return;
    case "preVote":
      if (leading !== null && isPeer(state, message.from)) stirLeader(state, now); // the append is our answer
      onPreVote(state, message, now);
      return;
    case "preVoteReply":
      onPreVoteReply(state, message, now);
      return;
    case "requestVote":
      // A leader that is alive answers with an append; if the candidate's term is higher, its refusal deposes us.
      // Whoever was removed and does not know is not listened to (thesis §4.2.3).
      if (leading === null || isTransferred(state, message)) onRequestVote(state, message, now);
      else if (isPeer(state, message.from)) stirLeader(state, now);
      return;
    case "timeoutNow":
      onTimeoutNow(state, message, now);
      return;
    case "voteReply":
      onVoteReply(state, message, now);
      return;
    case "stir":
      if (!isPeer(state, message.from)) return;
      if (leading !== null) stirLeader(state, now);
      else if (state.leader !== message.from) stirFollower(state, now);
      return;
    default:
      assertNever(message);
  }
}

/** Shows everybody that the leader is there. */
function stirLeader(state: RaftState, now: Millis): void {
  if (state.leading === null) return;
  needed(state, state.leading, now);
  beginRound(state, state.leading, now);
}

function effects(state: RaftState, now: Millis): RaftEffects {
  const { outbox } = state;
  return {
    persist: takePersist(state, now),
    sendNow: outbox.now.map((message) => stamped(state, message)),
    sendAfterPersist: outbox.afterPersist.map((message) => stamped(state, message)),
    apply: takeCommitted(state),
    answers: outbox.answers,
    wakeAt: state.leading === null ? state.electionDueAt : leaderWakeAt(state, state.leading, now),
    urgency: isPatient(state) ? "alarm" : "timer",
    roleChanged: outbox.roleChanged,
    snapshotWanted: outbox.snapshotWanted,
  };
}

/** May the host sleep until the deadline? Also when campaigns found no quorum so often that they became seldom. */
function isPatient(state: RaftState): boolean {
  const isSeldom = state.role === "preCandidate" && state.failedCampaigns > 6;
  return state.config.mode !== "awake" && (state.quiescent || isSeldom);
}

function takePersist(state: RaftState, now: Millis): PersistBatch | null {
  const { truncateFrom, append } = takeUnpersisted(state.log);
  const { stage, install } = state.outbox;
  const bootstrapped = state.bootstrapDirty ? configurationOf(state) : null;
  state.bootstrapDirty = false;
  if (
    !state.hardDirty &&
    truncateFrom === null &&
    append.length === 0 &&
    bootstrapped === null &&
    stage === null
  )
    return null;
  if (state.hardDirty) setHard(state, { commitIndex: Math.min(state.commitIndex, state.log.persistedIndex) });
  const hard = state.hardDirty ? state.hard : null;
  state.hardDirty = false;
  state.writingAt = now;
  return { hard, bootstrap: bootstrapped, truncateFrom, append, stage, install };
}

function takeCommitted(state: RaftState): readonly Entry[] {
  // One portion at a time, so that a server that is far behind holds a bounded number of entries.
  if (state.applyingIndex > state.appliedIndex || state.commitIndex === state.applyingIndex) return [];
  const entries = entriesBetween(state.log, state.applyingIndex + 1, state.commitIndex, applyBytesMax);
  state.applyingIndex = entries.at(-1)?.index ?? state.applyingIndex;
  return entries;
}

/** Where the log ends, to be reported back as persisted once it is. */
export function logEnd(state: RaftState): LogPosition {
  return lastPosition(state.log);
}

/**
 * The highest index up to which storage may drop the log: applied here, a tail kept. What follows a cut that is being
 * sent is kept, too, or its receiver would need another one, unless that takes so long that the log is four times
 * as long as it should be.
 */
export function compactableIndex(state: RaftState, entriesKept: number, entriesMax: number): number {
  const { snapshot, appliedIndex, log } = state;
  const isLong = appliedIndex - log.base.index > 4 * entriesMax;
  const cut = snapshot === null || isLong || !isSnapshotInUse(state) ? appliedIndex : snapshot.last.index;
  return Math.min(appliedIndex - entriesKept, cut);
}

/** Storage has dropped the log up to `position`. */
export function compacted(state: RaftState, position: LogPosition): void {
  markCompacted(state.log, position);
}

/** Since when no leader was heard; 0 on a leader. */
export function lastContact(state: RaftState, now: Millis): Millis {
  return state.role === "leader" ? 0 : Math.max(0, now - state.heardAt);
}
