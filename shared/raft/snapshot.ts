// Snapshot transfer (§7): a follower that needs entries which its leader has dropped gets the whole state instead, as
// numbered chunks of one cut. It stages them durably, and the write of the last one installs them all at once.
//
// 1. The leader's cut is made when it is first needed and kept as rows until nobody needs it (DESIGN.md).
// 2. A cut is known by its maker, position and size; what is staged of another one is thrown away.
// 3. Chunks are taken in order; the answer says which comes next, so that a lost one is sent again and a transfer goes
//    on where it stopped, also after a restart of either side.

import type { Millis } from "../base/brand.ts";
import { resetLog, termAt } from "./log.ts";
import { becomeSnapshot, type Progress } from "./progress.ts";
import { commitTo, type Leading, type RaftState, setHard } from "./state.ts";
import type { RaftMessage, ServerId } from "./types.ts";

type Snapshot = Extract<RaftMessage, { kind: "snapshot" }>;
type SnapshotReply = Extract<RaftMessage, { kind: "snapshotReply" }>;

/** Chunks on their way to one follower. */
const chunksInFlightMax = 4;

/** Leader: sends what may be sent of the cut to a follower that needs it; asks for a cut when there is none. */
export function sendChunks(
  state: RaftState,
  leading: Leading,
  peer: ServerId,
  progress: Progress,
  now: Millis,
): boolean {
  const cut = state.snapshot;
  const isSilent = progress.unreachable || now - progress.lastReplyAt > state.config.heartbeatMillis * 2;
  if (cut === null || cut.last.index < state.log.base.index) {
    state.outbox.snapshotWanted ||= !isSilent; // nothing is copied for who may never come back
    return false;
  }
  if (progress.snapshot?.index !== cut.last.index) becomeSnapshot(progress, cut.last.index);
  const transfer = progress.snapshot;
  if (transfer === null) return false;
  if (transfer.sentAt !== null && now - transfer.sentAt >= state.config.heartbeatMillis * 2) {
    transfer.next = transfer.acked; // what is in flight is given up
  }
  let sent = false;
  const end = Math.min(cut.chunks, transfer.acked + (isSilent ? 1 : chunksInFlightMax));
  for (; transfer.next < end; transfer.next += 1) {
    const data = state.snapshotReader.chunk(transfer.next);
    if (data === null) {
      state.outbox.snapshotWanted = true; // it is gone: another is made
      return sent;
    }
    transfer.sentAt = now;
    sent = true;
    state.outbox.afterPersist.push({
      kind: "snapshot",
      from: state.config.id,
      to: peer,
      term: state.hard.term,
      incarnation: state.hard.incarnation,
      round: leading.round,
      last: cut.last,
      configuration: cut.configuration,
      chunk: transfer.next,
      chunks: cut.chunks,
      data,
    });
  }
  return sent;
}

/** Leader: a follower says which chunk it wants next. Returns whether the answer was about the present cut. */
export function onSnapshotReply(
  state: RaftState,
  leading: Leading,
  message: SnapshotReply,
  now: Millis,
): boolean {
  const progress = leading.progress.get(message.from);
  if (progress === undefined || message.incarnation !== state.hard.incarnation) return false;
  progress.lastReplyAt = now;
  progress.active = true;
  progress.unreachable = false;
  // It follows us in this term, whatever its log is like: that is all that a round asks (thesis §6.4).
  progress.ackedRound = Math.max(progress.ackedRound, message.round);
  const { snapshot } = progress;
  if (snapshot === null || snapshot.index !== message.index) return false;
  if (message.next < snapshot.acked) snapshot.next = message.next; // it began anew
  snapshot.acked = message.next;
  snapshot.next = Math.max(snapshot.next, snapshot.acked);
  return true;
}

/** Leader: the driver has made the cut that was wanted. */
export function onSnapshotTaken(state: RaftState, leading: Leading, now: Millis): void {
  for (const [peer, progress] of leading.progress) {
    if (progress.next <= state.log.base.index) sendChunks(state, leading, peer, progress, now);
  }
}

/** Does anybody still need the cut? Somebody whose log was not found yet may. */
export function isSnapshotInUse(state: RaftState): boolean {
  const followers = [...(state.leading?.progress.values() ?? [])];
  return followers.some((progress) => progress.state !== "replicate");
}

/** Follower: one chunk from the leader, which has been accepted as such. */
export function onSnapshot(state: RaftState, message: Snapshot): void {
  const { last } = message;
  if (holdsAll(state, message)) {
    commitTo(state, last.index);
    confirm(state, message);
    return;
  }
  const { receiving } = state;
  const isSame =
    receiving !== null &&
    receiving.source === message.from &&
    receiving.last.index === last.index &&
    receiving.last.term === last.term &&
    receiving.chunks === message.chunks;
  let next = isSame ? receiving.next : 0;
  const isApplying = state.applyingIndex !== state.appliedIndex;
  const isLast = message.chunk === message.chunks - 1;
  if (message.chunk === next && !(isLast && isApplying)) {
    next += 1;
    const { from: source, configuration, chunks } = message;
    state.receiving = { source, last, configuration, chunks, next };
    state.outbox.stage = { receiving: state.receiving, number: message.chunk, data: message.data };
    if (isLast) {
      install(state, message);
      confirm(state, message);
      return;
    }
  }
  state.outbox.afterPersist.push({
    kind: "snapshotReply",
    from: state.config.id,
    to: message.from,
    term: message.term, // ours may be another one, of an older epoch (epoch.ts)
    incarnation: message.incarnation,
    round: message.round,
    index: last.index,
    next,
  });
}

/**
 * Is everything up to the cut here already, and the same? Committed entries are, by leader completeness, but not if
 * the cut is of a newer epoch.
 */
function holdsAll(state: RaftState, { last, epoch }: Snapshot): boolean {
  if ((epoch ?? 0) > state.hard.epoch) return false;
  return last.index <= state.commitIndex || termAt(state.log, last.index) === last.term;
}

/** The state is what the cut says, and the log begins after it: nothing of ours below or above it is known to match. */
function install(state: RaftState, message: Snapshot): void {
  const { last, configuration, epoch = 0, cluster } = message;
  resetLog(state.log, last);
  state.configurations = [configuration];
  state.receiving = null;
  state.snapshot = null;
  state.commitIndex = last.index;
  state.applyingIndex = last.index;
  state.appliedIndex = last.index;
  setHard(state, { commitIndex: last.index, ...(cluster === undefined ? {} : { cluster }) });
  if (epoch > state.hard.epoch) enterEpoch(state, message, epoch);
  state.outbox.install = { last, configuration };
}

/** Nothing that was promised before counts in the new epoch, not even the term. */
function enterEpoch(state: RaftState, message: Snapshot, epoch: number): void {
  const { term, incarnation: leaderIncarnation } = message;
  setHard(state, { epoch, term, votedFor: null, leaderTerm: 0, leaderIncarnation, mayServeReads: false });
  state.newerEpoch = null;
  state.leader = message.from;
  state.leaderRound = message.round;
  state.outbox.roleChanged = true;
}

/** To the leader it is as if all entries up to there had been appended. */
function confirm(state: RaftState, message: Snapshot): void {
  state.outbox.afterPersist.push({
    kind: "appendReply",
    from: state.config.id,
    to: message.from,
    term: state.hard.term,
    incarnation: message.incarnation,
    success: true,
    matchIndex: Math.max(message.last.index, state.commitIndex),
    round: message.round,
    staleIncarnation: false,
  });
}

/** Has the log dropped what this follower needs next? */
export function needsSnapshot(state: RaftState, progress: Progress): boolean {
  return progress.next <= state.log.base.index;
}
