// RaftState: everything one server knows, how it starts and restarts. Changed in place, only by the files of this folder.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import type { RaftConfig } from "./config.ts";
import { appendEntries, type LogReader, lastIndex, newLog, type RaftLog, truncateLog } from "./log.ts";
import {
  clusterOf,
  configurationOfEntry,
  isConfigurationEntry,
  isMember,
  isVoter,
  serverIds,
  voterIds,
} from "./membership.ts";
import type { Progress } from "./progress.ts";
import type {
  Configuration,
  Entry,
  HardState,
  IndexedConfiguration,
  LogIndex,
  LogPosition,
  RaftAnswer,
  RaftMessage,
  ReceivedSnapshot,
  ServerId,
  SnapshotCut,
  SnapshotReader,
  StagedChunk,
} from "./types.ts";

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
  /** To whom the leadership is being handed over, and until when that is tried. */
  transfer: { readonly to: ServerId; readonly dueAt: Millis } | null;
  /** The round of the last timeoutNow; only later rounds give a lease. */
  transferRound: number;
};

/** What the step in progress has decided so far. */
export type Outbox = {
  now: RaftMessage[];
  afterPersist: RaftMessage[];
  answers: RaftAnswer[];
  roleChanged: boolean;
  /** Of this server's storage: a chunk of a snapshot to be staged, and the snapshot that is complete with it. */
  stage: StagedChunk | null;
  install: { readonly last: LogPosition; readonly configuration: IndexedConfiguration } | null;
  /** The leader needs a cut of the state for a follower. */
  snapshotWanted: boolean;
};

export type RaftState = {
  readonly config: RaftConfig;
  readonly log: RaftLog;
  /** Ascending; the last one is in force, committed or not (thesis §4.1), the first is the newest committed one. */
  configurations: readonly IndexedConfiguration[];
  started: boolean;
  random: number;
  hard: HardState;
  hardDirty: boolean;
  /** The configuration at index 0 is not written yet. */
  bootstrapDirty: boolean;
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
  /** The cut of the state that followers are served from, kept in storage. */
  snapshot: SnapshotCut | null;
  readonly snapshotReader: SnapshotReader;
  /** A newer epoch of the group that was heard of: this server waits for its state (epoch.ts). */
  newerEpoch: number | null;
  /** The leader's cut that is being staged in storage here. */
  receiving: ReceivedSnapshot | null;
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
  /** Those at or above the newest one at or below the log's base, ascending; none: the server is not bootstrapped. */
  readonly configurations: readonly IndexedConfiguration[];
  readonly reader: LogReader;
  readonly snapshot: SnapshotCut | null;
  readonly receiving: ReceivedSnapshot | null;
  readonly snapshotReader: SnapshotReader;
};

export const noConfiguration: Configuration = { servers: [], outgoing: [] };

export const emptyHardState: HardState = {
  term: 0,
  votedFor: null,
  leaderTerm: 0,
  incarnation: 0,
  leaderIncarnation: 0,
  mayServeReads: false,
  cluster: "",
  epoch: 0,
  commitIndex: 0,
};

export function emptyOutbox(): Outbox {
  return {
    now: [],
    afterPersist: [],
    answers: [],
    roleChanged: false,
    stage: null,
    install: null,
    snapshotWanted: false,
  };
}

/** A server as it is after a restart (or before its first start); its timers begin with the first step. */
export function newRaftState(config: RaftConfig, restored: Restored, seed: number): RaftState {
  const { hard, base, appliedIndex } = restored;
  assert(base.index <= appliedIndex, "only what was applied is compacted");
  assert(appliedIndex <= restored.lastIndex, "only what is in the log was applied");
  assert(hard.leaderTerm <= hard.term, "nobody led a term that has not come");
  const commitIndex = Math.min(Math.max(hard.commitIndex, appliedIndex), restored.lastIndex);
  return {
    config,
    configurations: fromNewestCommitted(restored.configurations, commitIndex),
    log: newLog(restored.reader, base, restored.lastIndex, restored.tail),
    started: false,
    random: seed | 0,
    hard: { ...hard, cluster: hard.cluster === "" ? clusterIn(restored.configurations) : hard.cluster },
    hardDirty: false,
    bootstrapDirty: false,
    role: "follower",
    leader: null,
    leaderRound: 0,
    heardAt: Number.NEGATIVE_INFINITY,
    electionDueAt: null,
    quiescent: false,
    votes: new Map(),
    failedCampaigns: 0,
    leading: null,
    commitIndex,
    appliedIndex,
    applyingIndex: appliedIndex,
    snapshot: restored.snapshot,
    snapshotReader: restored.snapshotReader,
    receiving: restored.receiving,
    newerEpoch: null,
    writingAt: Number.NEGATIVE_INFINITY,
    outbox: emptyOutbox(),
  };
}

/** A group whose servers are listed in their settings has a name from the beginning. */
function clusterIn(configurations: readonly IndexedConfiguration[]): string {
  const first = configurations[0];
  return first?.index === 0 ? clusterOf(first.configuration.servers) : "";
}

/** Changes what must survive a crash; written before anything of this step that depends on it is sent. */
export function setHard(state: RaftState, change: Partial<HardState>): void {
  const hard = { ...state.hard, ...change };
  assert(hard.epoch >= state.hard.epoch, "the epoch never falls");
  assert(hard.term >= state.hard.term || hard.epoch > state.hard.epoch, "the term never falls");
  assert(hard.incarnation >= state.hard.incarnation, "the incarnation never falls");
  state.hard = hard;
  state.hardDirty = true;
}

/** Has nothing ever happened here? */
export function isBlank(state: RaftState): boolean {
  return state.configurations.length === 0 && state.hard.term === 0 && lastIndex(state.log) === 0;
}

/** Raises the commit index. */
export function commitTo(state: RaftState, index: LogIndex): boolean {
  if (index <= state.commitIndex) return false;
  assert(index <= lastIndex(state.log), "only what is in the log is committed");
  state.commitIndex = index;
  state.configurations = fromNewestCommitted(state.configurations, index);
  return true;
}

function fromNewestCommitted(
  configurations: readonly IndexedConfiguration[],
  commitIndex: LogIndex,
): readonly IndexedConfiguration[] {
  const newest = configurations.findLastIndex((it) => it.index <= commitIndex);
  return newest > 0 ? configurations.slice(newest) : configurations;
}

/** Appends entries; a configuration among them is in force from now on. */
export function appendToLog(state: RaftState, entries: readonly Entry[]): void {
  appendEntries(state.log, entries);
  for (const entry of entries) {
    if (!isConfigurationEntry(entry)) continue;
    const found = configurationOfEntry(entry);
    assert(found !== null, `the configuration at ${entry.index} can be read`);
    state.configurations = [...state.configurations, found];
  }
}

/** Removes every entry from `index` on, and the configurations in them. */
export function truncateLogFrom(state: RaftState, index: LogIndex): void {
  truncateLog(state.log, index);
  if (state.configurations.some((it) => it.index >= index)) {
    state.configurations = state.configurations.filter((it) => it.index < index);
  }
}

/** The configuration in force, with its place in the log. */
export function indexedConfigurationOf(state: RaftState): IndexedConfiguration {
  return state.configurations.at(-1) ?? { index: 0, configuration: noConfiguration };
}

export function configurationOf(state: RaftState): Configuration {
  return state.configurations.at(-1)?.configuration ?? noConfiguration;
}

/**
 * Has this server a vote? One that has none never campaigns: it was removed, or not added yet, or just listens. But as
 * long as nobody here knows whether the configuration that takes its vote is committed, its log may be the only one that
 * can win, and the group could not go on without it (thesis §4.2.2); it does not count itself then.
 */
export function mayCampaign(state: RaftState): boolean {
  if (state.newerEpoch !== null) return false;
  return state.configurations.some(({ configuration }) => isVoter(configuration, state.config.id));
}

/** Is this server the only voter, whatever becomes of a configuration that is not committed? */
export function isAlone(state: RaftState): boolean {
  return state.configurations.every(({ configuration }) => {
    const voters = voterIds(configuration);
    return voters.length === 1 && voters[0] === state.config.id;
  });
}

export function isPeer(state: RaftState, id: ServerId): boolean {
  return isMember(configurationOf(state), id);
}

export function peersOf(state: RaftState): readonly ServerId[] {
  return serverIds(configurationOf(state)).filter((id) => id !== state.config.id);
}
