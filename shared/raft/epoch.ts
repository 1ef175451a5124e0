// Messages of others than this group: of another cluster, or of another epoch of this one.
//
// An epoch begins when an operator forces a configuration on a survivor of a lost majority (recover.ts). From then on
// the log of the epoch before may hold what the new one does not, committed or not:
// 1. Nobody of a newer epoch listens to an older one: no vote, no acknowledgement, no term counts across.
// 2. Who hears of a newer epoch neither leads nor campaigns in its own; it waits for the state of the newer one.
// 3. That is a whole snapshot, which replaces its log whatever the log holds, and takes it into the epoch.

import type { Millis } from "../base/brand.ts";
import { becomeFollower } from "./election.ts";
import { sendChunksTo } from "./replication.ts";
import { onSnapshot, onSnapshotReply } from "./snapshot.ts";
import { isBlank, type Leading, type RaftState, setHard } from "./state.ts";
import type { RaftMessage } from "./types.ts";

/** Of another cluster? A server that was never in one belongs to the first that calls it. */
export function isForeign(state: RaftState, message: RaftMessage): boolean {
  const { cluster } = state.hard;
  return cluster !== "" && message.cluster !== undefined && message.cluster !== cluster;
}

/** What every message says of its sender. */
export function stamped(state: RaftState, message: RaftMessage): RaftMessage {
  const { cluster, epoch } = state.hard;
  return { ...message, ...(cluster === "" ? {} : { cluster }), ...(epoch === 0 ? {} : { epoch }) };
}

/** Takes care of a message that is not of our epoch; false: it is. */
export function onOtherEpoch(state: RaftState, message: RaftMessage, now: Millis): boolean {
  const epoch = message.epoch ?? 0;
  if (epoch === state.hard.epoch) return false;
  if (epoch > state.hard.epoch) return onNewerEpoch(state, message, epoch, now);
  if (state.leading !== null) onOlderFollower(state, state.leading, message, now);
  if (message.kind === "preVote" || message.kind === "requestVote" || message.kind === "append") {
    // Whatever it asks, the answer's epoch tells it that it was left behind.
    state.outbox.now.push({
      kind: "preVoteReply",
      from: state.config.id,
      to: message.from,
      term: message.term,
      granted: false,
    });
  }
  return true;
}

function onNewerEpoch(state: RaftState, message: RaftMessage, epoch: number, now: Millis): boolean {
  if (isBlank(state)) {
    setHard(state, { epoch }); // there is nothing here that the newer epoch could contradict
    return false;
  }
  const isNews = state.newerEpoch !== epoch;
  state.newerEpoch = epoch;
  if (isNews || state.role !== "follower") becomeFollower(state, state.hard.term, null, now);
  state.electionDueAt = null;
  if (message.kind === "snapshot") {
    state.heardAt = now;
    onSnapshot(state, message);
  } else if (message.kind === "append") {
    state.heardAt = now;
    // In the leader's own term, or it would not look at it; our epoch says what we need.
    state.outbox.afterPersist.push({
      kind: "appendReply",
      from: state.config.id,
      to: message.from,
      term: message.term,
      incarnation: message.incarnation,
      success: false,
      matchIndex: 0,
      round: message.round,
      staleIncarnation: false,
    });
  }
  return true;
}

/** A server of an older epoch that belongs to our configuration is given the state; it counts for nothing else. */
function onOlderFollower(state: RaftState, leading: Leading, message: RaftMessage, now: Millis): void {
  const progress = leading.progress.get(message.from);
  if (progress === undefined || message.term !== state.hard.term) return;
  if (message.kind !== "appendReply" && message.kind !== "snapshotReply") return;
  progress.lastReplyAt = now;
  progress.unreachable = false;
  progress.match = 0;
  progress.next = 0;
  if (message.kind === "snapshotReply") onSnapshotReply(state, leading, message, now);
  progress.active = false;
  progress.ackedRound = 0;
  sendChunksTo(state, leading, message.from, now);
}
