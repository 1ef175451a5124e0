// RaftState: everything one server knows, how it starts and restarts. Changed in place, only by the files of this folder.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import type { RaftConfig } from "./config.ts";
import { type LogReader, lastIndex, newLog, type RaftLog } from "./log.ts";
import type { Progress } from "./progress.ts";
import type { Entry, HardState, LogIndex, LogPosition, RaftAnswer, RaftMessage, ServerId } from "./types.ts";

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

export type PendingRead = { readonly id: number; readonly round: number };

/** What only a leader has. */
export type Leading = {
  readonly progress: Map<ServerId, Progress>;
  /** Nothing is served before this is committed: it covers all that earlier leaders, or we, may have acknowledged. */
  readonly readBarrier: LogIndex;
  round: number;
  confirmedRound: number;
  /** When each round that is not confirmed yet began; the quorum's answer dates the lease from there. */
  openRounds: { readonly round: number; readonly at: Millis }[];
  leaseUntil: Millis;
  /** When the last write began that proved that storage is still ours (trust.ts). */
  trustedAt: Millis;
  /** Nothing is committed before this: an older instance of this server may still trust itself. */
  holdUntil: Millis;
  reads: PendingRead[];
  heartbeatDueAt: Millis;
  checkQuorumAt: Millis;
  commitNoticeAt: Millis | null;
  /** Since when the timers run (again). */
  awakeSince: Millis;
  /** The last time somebody needed us. */
  neededAt: Millis;
  /** The first round of a series that all said "quiesce". */
  quiesceRound: number | null;
};

/** What the step in progress has decided so far. */
export type Outbox = {
  now: RaftMessage[];
  afterPersist: RaftMessage[];
  answers: RaftAnswer[];
  roleChanged: boolean;
};

export type RaftState = {
  readonly config: RaftConfig;
  readonly log: RaftLog;
  started: boolean;
  random: number;
  hard: HardState;
  hardDirty: boolean;
  role: Role;
  leader: ServerId | null;
  leaderRound: number;
  /** When a leader was last heard. Nobody gets our vote, nor we ourselves, within an election time-out of it. */
  heardAt: Millis;
  electionDueAt: Millis | null;
  /** Nobody expects heartbeats; ended by any input that needs the group. */
  quiescent: boolean;
  votes: Map<ServerId, boolean>;
  failedCampaigns: number;
  leading: Leading | null;
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  /** Entries up to here were handed out to be applied. */
  applyingIndex: LogIndex;
  /** Every member holds everything up to here (learnt from the leader). */
  allMatched: LogIndex;
  /** When the write in progress began. */
  writingAt: Millis;
  outbox: Outbox;
};

/** What storage knows at boot. `tail` is any suffix of the log. */
export type Restored = {
  readonly hard: HardState;
  readonly base: LogPosition;
  readonly lastIndex: LogIndex;
  readonly tail: readonly Entry[];
  readonly appliedIndex: LogIndex;
  readonly reader: LogReader;
};

export const emptyHardState: HardState = {
  term: 0,
  votedFor: null,
  leaderTerm: 0,
  incarnation: 0,
  leaderIncarnation: 0,
  mayServeReads: false,
  commitIndex: 0,
};

export function emptyOutbox(): Outbox {
  return { now: [], afterPersist: [], answers: [], roleChanged: false };
}

/** A server as it is after a restart (or before its first start); its timers begin with the first step. */
export function newRaftState(config: RaftConfig, restored: Restored, seed: number): RaftState {
  const { hard, base, appliedIndex } = restored;
  assert(base.index <= appliedIndex, "only what was applied is compacted");
  assert(appliedIndex <= restored.lastIndex, "only what is in the log was applied");
  assert(hard.leaderTerm <= hard.term, "nobody led a term that has not come");
  return {
    config,
    log: newLog(restored.reader, base, restored.lastIndex, restored.tail),
    started: false,
    random: seed | 0,
    hard,
    hardDirty: false,
    role: "follower",
    leader: null,
    leaderRound: 0,
    heardAt: Number.NEGATIVE_INFINITY,
    electionDueAt: null,
    quiescent: false,
    votes: new Map(),
    failedCampaigns: 0,
    leading: null,
    commitIndex: Math.min(Math.max(hard.commitIndex, appliedIndex), restored.lastIndex),
    appliedIndex,
    applyingIndex: appliedIndex,
    allMatched: base.index,
    writingAt: Number.NEGATIVE_INFINITY,
    outbox: emptyOutbox(),
  };
}

/** Changes what must survive a crash; written before anything of this step that depends on it is sent. */
export function setHard(state: RaftState, change: Partial<HardState>): void {
  const hard = { ...state.hard, ...change };
  assert(hard.term >= state.hard.term, "the term never falls");
  assert(hard.incarnation >= state.hard.incarnation, "the incarnation never falls");
  state.hard = hard;
  state.hardDirty = true;
}

/** Raises the commit index. */
export function commitTo(state: RaftState, index: LogIndex): boolean {
  if (index <= state.commitIndex) return false;
  assert(index <= lastIndex(state.log), "only what is in the log is committed");
  state.commitIndex = index;
  return true;
}

export function peersOf(state: RaftState): readonly ServerId[] {
  return state.config.members.filter((member) => member !== state.config.id);
}
