// Membership change on the leader (§6, thesis §4.1–4.3): one change at a time, in use as soon as it is appended,
// refused when it could leave the group without a quorum.

import type { Millis } from "../base/brand.ts";
import { becomeFollower } from "./election.ts";
import { lastIndex } from "./log.ts";
import { encodeConfiguration, hasQuorum, isVoter, planChange, serverIds } from "./membership.ts";
import { newProgress } from "./progress.ts";
import { beginRound, sendCommitNotices } from "./replication.ts";
import {
  appendToLog,
  configurationOf,
  indexedConfigurationOf,
  type Leading,
  type RaftState,
} from "./state.ts";
import type { Configuration, LogIndex, MembershipChange } from "./types.ts";

/** How far a server may be behind to be made a voter: beyond it the group could wait for it for long. */
const promotionLagMax = 1_000;

/** Appends the configuration that follows from `change`, or answers why not. */
export function changeMembership(
  state: RaftState,
  leading: Leading,
  change: MembershipChange,
  now: Millis,
): void {
  const refused = (reason: string) => state.outbox.answers.push({ kind: "changeRefused", reason });
  const current = indexedConfigurationOf(state);
  if (state.commitIndex < leading.readBarrier) {
    // Thesis §4.1 and the correction of 2015: before an entry of its own term is committed a leader cannot know
    // whether the configuration it sees is one that may still be undone.
    refused("this leader has not committed an entry of its own term yet: try again in a moment");
    return;
  }
  if (leading.transfer !== null) {
    refused(`the leadership is being handed to ${leading.transfer.to}: ask the next leader`);
    return;
  }
  if (current.index > state.commitIndex || current.configuration.outgoing.length > 0) {
    refused("another membership change is under way: try again when it is done");
    return;
  }
  const planned = planChange(current.configuration, change);
  if (planned.kind === "refused") {
    refused(planned.reason);
    return;
  }
  const danger = dangerOf(state, leading, current.configuration, planned.configuration, now);
  if (danger !== null) {
    refused(danger);
    return;
  }
  state.outbox.answers.push({ kind: "changing" });
  appendConfiguration(state, leading, planned.configuration, now);
}

/** Those who answer and hold nearly everything must be a quorum of what is to come, or it could not be undone. */
function dangerOf(
  state: RaftState,
  leading: Leading,
  current: Configuration,
  next: Configuration,
  now: Millis,
): string | null {
  const patience = state.config.electionTimeoutMillis * 2;
  const isReady = (id: string): boolean => {
    if (id === state.config.id) return true;
    const progress = leading.progress.get(id as never);
    if (progress === undefined || progress.unreachable || now - progress.lastReplyAt > patience) return false;
    return progress.match + promotionLagMax >= state.commitIndex;
  };
  if (hasQuorum(next, isReady)) return null;
  const missing = serverIds(next).filter((id) => isVoter(next, id) && !isReady(id));
  const isNew = missing.some((id) => !isVoter(current, id));
  const advice = isNew ? "add it as a non-voter and promote it when it has caught up" : "bring it back first";
  return `the servers that are up would be no quorum of the new configuration, ${missing.join(", ")} is missing: ${advice}`;
}

function appendConfiguration(
  state: RaftState,
  leading: Leading,
  configuration: Configuration,
  now: Millis,
): void {
  const index = lastIndex(state.log) + 1;
  appendToLog(state, [{ index, term: state.hard.term, command: encodeConfiguration(configuration) }]);
  followConfiguration(state, leading, index, now);
  beginRound(state, leading, now);
}

/** Whoever is new is served from now on; whoever left is until it has been sent the commit of its going. */
function followConfiguration(state: RaftState, leading: Leading, index: LogIndex, now: Millis): void {
  const ids = serverIds(configurationOf(state)).filter((id) => id !== state.config.id);
  for (const id of ids) {
    const known = leading.progress.get(id);
    if (known === undefined) leading.progress.set(id, newProgress(lastIndex(state.log), now));
    else known.leavesAt = null;
  }
  for (const [id, progress] of leading.progress) {
    if (!ids.includes(id)) progress.leavesAt ??= index;
  }
}

/** The commit index of a leader has passed the newest configuration: the second half of a joint change, or the end. */
export function onConfigurationCommitted(state: RaftState, leading: Leading, now: Millis): void {
  const { index, configuration } = indexedConfigurationOf(state);
  if (configuration.outgoing.length > 0) {
    appendConfiguration(state, leading, { servers: configuration.servers, outgoing: [] }, now);
    return;
  }
  state.outbox.answers.push({ kind: "changed", index });
  const leaves = [...leading.progress.values()].some((progress) => progress.leavesAt !== null);
  const isOut = !isVoter(configuration, state.config.id);
  if (leaves || isOut) sendCommitNotices(state, leading);
  // Thesis §4.2.2: a leader that is no voter any more steps down once that is committed.
  if (isOut) becomeFollower(state, state.hard.term, null, now);
}

/** Drops those who left and were told, or who are not heard any more. */
export function dropDeparted(state: RaftState, leading: Leading, now: Millis): void {
  const patience = state.config.electionTimeoutMillis * 4;
  for (const [id, { leavesAt, sentCommit, match, lastReplyAt }] of leading.progress) {
    if (leavesAt === null) continue;
    const isTold = sentCommit >= leavesAt && match >= leavesAt;
    if (isTold || now - lastReplyAt > patience) leading.progress.delete(id);
  }
}
