// Settings of the core in milliseconds, and the relations between them that the proofs need.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import type { ServerId } from "./types.ts";

export type RaftMode = "drowsy" | "awake" | "quiescent";

export type RaftConfig = {
  readonly id: ServerId;
  readonly mode: RaftMode;
  readonly heartbeatMillis: Millis;
  /** A follower waits between this and twice this before it campaigns, and grants nobody a vote before it is over. */
  readonly electionTimeoutMillis: Millis;
  /** From the sending of a confirmed round; shorter than the election time-out by what clocks may drift. */
  readonly leaseMillis: Millis;
  /** How long a leader that was called out of its sleep may take to answer. */
  readonly stirWaitMillis: Millis;
  /** A leader tells its followers of a commit after this at the latest, if no append does so before. */
  readonly commitNoticeMillis: Millis;
  readonly quiesceAfterMillis: Millis;
  readonly drowsyAlarmMillis: Millis;
  /** A sleeping follower's own alarm: the leader's, and the minute by which alarms may be late. */
  readonly drowsyFollowerMillis: Millis;
  /** Pre-votes that find no quorum are repeated ever more seldom, up to this. */
  readonly campaignBackoffMillisMax: Millis;
  readonly batchBytesMax: number;
  /** Appends on their way to one follower without an answer, and the bytes of their entries. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
};

/** The defaults, checked. */
export function raftConfig(id: ServerId, mode: RaftMode, overrides: Partial<RaftConfig> = {}): RaftConfig {
  const config: RaftConfig = {
    id,
    mode,
    heartbeatMillis: 300,
    electionTimeoutMillis: 1_000,
    leaseMillis: 750,
    stirWaitMillis: 600,
    commitNoticeMillis: 40,
    quiesceAfterMillis: 2_000,
    drowsyAlarmMillis: 30_000,
    drowsyFollowerMillis: 90_000,
    campaignBackoffMillisMax: mode === "awake" ? 4_000 : 30_000,
    batchBytesMax: limits.raftBatchBytesMax,
    inflightMessagesMax: limits.raftInflightMessagesMax,
    inflightBytesMax: limits.raftInflightBytesMax,
    ...overrides,
  };
  assert(
    config.heartbeatMillis * 2 < config.electionTimeoutMillis,
    "two heartbeats fit an election time-out",
  );
  assert(config.leaseMillis < config.electionTimeoutMillis, "a lease ends before anybody may vote");
  return config;
}
