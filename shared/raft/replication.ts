// What the leader sends to whom, and what the answers mean (§5.3, §5.4.2).

import type { Millis } from "../base/brand.ts";
import { becomeFollower } from "./election.ts";
import { entriesBetween, entryBytes, lastIndex, termAt } from "./log.ts";
import { agreedValue } from "./membership.ts";
import { acknowledged, becomeProbe, isPaused, type Progress, refused, sentEntries } from "./progress.ts";
import { onConfigurationCommitted } from "./reconfigure.ts";
import { confirmRounds } from "./read-index.ts";
import { continueTransfer } from "./transfer.ts";
import { needsSnapshot, onSnapshotReply, sendChunks } from "./snapshot.ts";
import { configurationOf, commitTo, indexedConfigurationOf, type Leading, type RaftState } from "./state.ts";
import type { Entry, LogIndex, RaftMessage, ServerId } from "./types.ts";

type AppendReply = Extract<RaftMessage, { kind: "appendReply" }>;
type SnapshotReply = Extract<RaftMessage, { kind: "snapshotReply" }>;

/** Begins a heartbeat round: every follower gets an append, with entries if it may have some. */
export function beginRound(state: RaftState, leading: Leading, now: Millis): void {
  leading.round += 1;
  leading.openRounds.push({ round: leading.round, at: now });
  if (leading.openRounds.length > 64) leading.openRounds.shift();
  leading.heartbeatDueAt = now + state.config.heartbeatMillis;
  leading.commitNoticeAt = null;
  for (const [peer, progress] of leading.progress) {
    if (!sendEntries(state, leading, peer, progress, now)) sendAppend(state, leading, peer, progress, []);
  }
  confirmRounds(state, leading, now);
}

/** Pipelines what is new to every follower. */
export function replicate(state: RaftState, leading: Leading, now: Millis): void {
  for (const [peer, progress] of leading.progress) sendEntries(state, leading, peer, progress, now);
  if ([...leading.progress.values()].every((progress) => progress.sentCommit >= state.commitIndex)) {
    leading.commitNoticeAt = null;
  }
}

/** Tells a commit to those who have not heard of it. */
export function sendCommitNotices(state: RaftState, leading: Leading): void {
  leading.commitNoticeAt = null;
  for (const [peer, progress] of leading.progress) {
    if (progress.state === "replicate" && progress.sentCommit < state.commitIndex) {
      sendAppend(state, leading, peer, progress, []);
    }
  }
}

/** An answer to an append. Whatever is not about this incarnation of our leadership is ignored. */
export function onAppendReply(state: RaftState, leading: Leading, message: AppendReply, now: Millis): void {
  const progress = leading.progress.get(message.from);
  if (progress === undefined) return;
  if (message.staleIncarnation && message.incarnation > state.hard.incarnation) {
    // Another instance of this very server leads by now: this one is superseded and must not be believed.
    becomeFollower(state, state.hard.term, null, now);
    return;
  }
  if (message.incarnation !== state.hard.incarnation || message.matchIndex > lastIndex(state.log)) return;
  progress.lastReplyAt = now;
  progress.active = true;
  progress.unreachable = false;
  if (!message.success) {
    if (refused(progress, message.matchIndex)) sendEntries(state, leading, message.from, progress, now);
    if (lastIndex(state.log) < progress.next && progress.state === "probe" && progress.probeSentAt === null) {
      progress.probeSentAt = now;
      sendAppend(state, leading, message.from, progress, []);
    }
    return;
  }
  acknowledged(progress, message.matchIndex);
  progress.ackedRound = Math.max(progress.ackedRound, message.round);
  advanceCommit(state, leading, now);
  if (state.leading !== leading) return;
  sendEntries(state, leading, message.from, progress, now);
  continueTransfer(state, leading, message.from);
}

/** A follower wants more of the snapshot. */
export function onFollowerSnapshotReply(
  state: RaftState,
  leading: Leading,
  message: SnapshotReply,
  now: Millis,
): void {
  if (!onSnapshotReply(state, leading, message, now)) return;
  confirmRounds(state, leading, now);
  const progress = leading.progress.get(message.from);
  if (progress !== undefined) sendEntries(state, leading, message.from, progress, now);
}

/** More of the snapshot to a follower that needs nothing else. */
export function sendChunksTo(state: RaftState, leading: Leading, peer: ServerId, now: Millis): void {
  const progress = leading.progress.get(peer);
  if (progress !== undefined) sendEntries(state, leading, peer, progress, now);
}

/** The runtime could not deliver to a follower. */
export function onFollowerUnreachable(leading: Leading, peer: ServerId): void {
  const progress = leading.progress.get(peer);
  if (progress === undefined) return;
  progress.unreachable = true;
  if (progress.state === "replicate") becomeProbe(progress, progress.match + 1);
}

/** §5.4.2: only an entry of our own term is committed by counting; earlier ones follow with it. */
export function advanceCommit(state: RaftState, leading: Leading, now: Millis): void {
  if (now < leading.holdUntil) return;
  const before = state.commitIndex;
  const index = agreedValue(configurationOf(state), (id) =>
    id === state.config.id ? state.log.persistedIndex : (leading.progress.get(id)?.match ?? 0),
  );
  if (index > before && termAt(state.log, index) === state.hard.term && commitTo(state, index)) {
    leading.commitNoticeAt ??= now + state.config.commitNoticeMillis;
    const changed = indexedConfigurationOf(state).index;
    if (changed > before && changed <= index) onConfigurationCommitted(state, leading, now);
  }
  if (state.leading === leading) confirmRounds(state, leading, now);
}

function sendEntries(
  state: RaftState,
  leading: Leading,
  peer: ServerId,
  progress: Progress,
  now: Millis,
): boolean {
  if (needsSnapshot(state, progress)) return sendChunks(state, leading, peer, progress, now);
  const { heartbeatMillis, inflightMessagesMax, inflightBytesMax, batchBytesMax } = state.config;
  const most = { messages: inflightMessagesMax, bytes: inflightBytesMax };
  let sent = false;
  while (progress.next <= lastIndex(state.log) && !isPaused(progress, now, heartbeatMillis, most)) {
    // To somebody who does not answer, megabytes are not repeated at every heartbeat.
    const isSilent = progress.unreachable || now - progress.lastReplyAt > heartbeatMillis * 2;
    if (progress.state === "probe" && isSilent) return sent;
    const from = progress.next;
    const entries = entriesBetween(state.log, from, lastIndex(state.log), batchBytesMax);
    sendAppend(state, leading, peer, progress, entries);
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    sentEntries(progress, from + entries.length - 1, bytes, now);
    sent = true;
  }
  return sent;
}

function sendAppend(
  state: RaftState,
  leading: Leading,
  to: ServerId,
  progress: Progress,
  entries: readonly Entry[],
): void {
  progress.sentCommit = state.commitIndex;
  state.outbox.afterPersist.push({
    kind: "append",
    from: state.config.id,
    to,
    term: state.hard.term,
    incarnation: state.hard.incarnation,
    prev: positionBefore(state, progress),
    entries,
    commitIndex: state.commitIndex,
    round: leading.round,
    quiesce: leading.quiesceRound !== null && entries.length === 0,
  });
}

function positionBefore(state: RaftState, progress: Progress): { index: LogIndex; term: number } {
  const { log } = state;
  const index = Math.max(Math.min(progress.next - 1, lastIndex(log)), log.base.index);
  return { index, term: termAt(log, index) ?? 0 };
}
