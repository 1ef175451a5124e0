// Vocabulary of the raft core: who, what is stored, what is said (Ongaro & Ousterhout 2014; thesis where cited).

import type { Brand, Millis } from "../base/brand.ts";

export type ServerId = Brand<string, "ServerId">;
export type Term = number;
export type LogIndex = number;

/**
 * A command's bytes as text (JSON); "" is the entry a new leader appends (§8, "no-op"); a text that begins with the
 * prefix of membership.ts is a configuration, which raft itself acts on.
 */
export type Entry = { readonly index: LogIndex; readonly term: Term; readonly command: string };

/** One server of the group; a non-voter gets the log but has no say (thesis §4.2.1). */
export type RaftServer = { readonly id: ServerId; readonly address: string; readonly voter: boolean };

/** Who belongs to the group. `outgoing` is empty except in a joint configuration (§6): majorities of both decide. */
export type Configuration = {
  readonly servers: readonly RaftServer[];
  readonly outgoing: readonly RaftServer[];
};

/** A configuration and the entry that holds it; 0 for the one that the group was bootstrapped with. */
export type IndexedConfiguration = { readonly index: LogIndex; readonly configuration: Configuration };

/**
 * What may be asked of the leader, one at a time.
 * 1. addNonvoter: a new server, or another address of a known one. addVoter: the same as a voter; also promotes.
 * 2. demote: the voter becomes a non-voter. remove: voter or not.
 * 3. replace: any other set of servers, by joint consensus.
 */
export type MembershipChange =
  | { readonly kind: "addVoter" | "addNonvoter"; readonly id: ServerId; readonly address: string }
  | { readonly kind: "demote" | "remove"; readonly id: ServerId }
  | { readonly kind: "replace"; readonly servers: readonly RaftServer[] };

/** The state at one position of the log, as that many chunks in storage. */
export type SnapshotCut = {
  readonly last: LogPosition;
  /** The one in force at `last`. */
  readonly configuration: IndexedConfiguration;
  readonly chunks: number;
};

/** A cut that is being received: chunks below `next` are staged in storage. */
export type ReceivedSnapshot = SnapshotCut & { readonly source: ServerId; readonly next: number };

export type StagedChunk = {
  /** As it is with this chunk; number 0 replaces whatever was staged before. */
  readonly receiving: ReceivedSnapshot;
  readonly number: number;
  readonly data: string;
};

/** Synchronous access to the chunks of this server's own cut; null when there is none (any more). */
export type SnapshotReader = { chunk(number: number): string | null };

export type LogPosition = { readonly index: LogIndex; readonly term: Term };

/**
 * What must survive a crash, besides the log.
 * 1. term never falls; votedFor is cleared when it rises.
 * 2. leaderTerm is the last term this server was elected in (0: never): a server that restarts with
 *    leaderTerm === term resumes as leader, after raising incarnation durably.
 * 3. incarnation only grows; every message of a leader carries it, and followers refuse a lower one of the same term:
 *    leaderIncarnation is the highest that was heard in this term.
 * 4. cluster is the name that the group got with its bootstrap; "" before. Messages of another one are not heard.
 * 5. epoch grows by one when a lost majority is given up (epoch.ts).
 * 6. mayServeReads: this server may have answered a read without a write since; cleared before it sleeps. Its next
 *    instance waits out the trust that an older one, still alive, may have in itself (trust.ts).
 */
export type HardState = {
  readonly term: Term;
  readonly votedFor: ServerId | null;
  readonly leaderTerm: Term;
  readonly incarnation: number;
  readonly leaderIncarnation: number;
  readonly mayServeReads: boolean;
  readonly cluster: string;
  readonly epoch: number;
  /** A hint that spares re-confirmation after a restart; never above what was committed. */
  readonly commitIndex: LogIndex;
};

/** A heartbeat round of one incarnation of a leader. */
export type LeaderRound = { readonly incarnation: number; readonly round: number };

export type RaftMessage = {
  readonly from: ServerId;
  readonly to: ServerId;
  readonly term: Term;
  /** Of the sender; absent where it is "" or 0. Every message that leaves is stamped with both (epoch.ts). */
  readonly cluster?: string;
  readonly epoch?: number;
} & (
  | { readonly kind: "preVote"; readonly last: LogPosition }
  | { readonly kind: "preVoteReply"; readonly granted: boolean }
  /** `transfer`: the leader of the term before asked for it in this round (transfer.ts). */
  | { readonly kind: "requestVote"; readonly last: LogPosition; readonly transfer: LeaderRound | null }
  | { readonly kind: "voteReply"; readonly granted: boolean }
  | {
      readonly kind: "append";
      readonly incarnation: number;
      readonly prev: LogPosition;
      readonly entries: readonly Entry[];
      readonly commitIndex: LogIndex;
      /** Which heartbeat round this belongs to: its acknowledgement confirms reads up to there (ReadIndex). */
      readonly round: number;
      /** The leader stops its timers after this: expect no heartbeat until the next message (drowsy, quiescent). */
      readonly quiesce: boolean;
    }
  | {
      readonly kind: "appendReply";
      readonly incarnation: number;
      readonly success: boolean;
      /** On success: how far the follower's log matches. On failure: the highest index that may match. */
      readonly matchIndex: LogIndex;
      readonly round: number;
      /** On failure because of a stale incarnation: the newer one that the follower knows. */
      readonly staleIncarnation: boolean;
    }
  /** A part of the state at `last`, for a follower that needs entries which the leader has dropped (§7). */
  | ({
      readonly kind: "snapshot";
      readonly incarnation: number;
      readonly round: number;
      readonly chunk: number;
      readonly data: string;
    } & SnapshotCut)
  /** Of the cut at `index`, chunk `next` is wanted; a complete one is answered by an appendReply. */
  | {
      readonly kind: "snapshotReply";
      readonly incarnation: number;
      readonly round: number;
      readonly index: LogIndex;
      readonly next: number;
    }
  /** The leader wants the receiver to campaign at once (thesis §3.10). */
  | { readonly kind: "timeoutNow"; readonly incarnation: number; readonly round: number }
  /** Somebody needs the group: a sleeping leader answers with an append, a sleeping follower calls its leader. */
  | { readonly kind: "stir" }
);

/** What reached us, or became due. `message` comes from a peer and has been validated by its decoder. */
export type RaftInput =
  | { readonly kind: "wake" }
  | { readonly kind: "message"; readonly message: RaftMessage }
  | { readonly kind: "propose"; readonly commands: readonly string[] }
  /** The first configuration, for a server without any state: the caller has made sure of that (isPristine). */
  | { readonly kind: "bootstrap"; readonly configuration: Configuration }
  /** Begin a new epoch with this configuration: the caller has asked refusalOfRecovery. */
  | { readonly kind: "recover"; readonly configuration: Configuration; readonly epoch: number }
  /** Answered by `changing`, and `changed` once it is committed (a joint change: its last step), or `changeRefused`. */
  | { readonly kind: "change"; readonly change: MembershipChange }
  /** The cut that `snapshotWanted` asked for is in storage. */
  | { readonly kind: "snapshotTaken"; readonly cut: SnapshotCut }
  /** Hand the leadership over, to whom suits best if null: done when the role changes, else `transferRefused`. */
  | { readonly kind: "transfer"; readonly to: ServerId | null }
  /** Confirm leadership, then answer with an index to wait for (thesis §6.4). `lease`: a valid lease is enough. */
  | { readonly kind: "read"; readonly id: number; readonly lease: boolean }
  /** A follower needs to know now how far the commits are: it does not wait for the next append. */
  | { readonly kind: "tellCommit" }
  | { readonly kind: "persisted"; readonly last: LogPosition }
  | { readonly kind: "applied"; readonly index: LogIndex }
  /** Somebody needs the group: end quiescence; with no answering leader, go to pre-vote at once. */
  | { readonly kind: "stir" }
  /** The runtime knows that a peer did not get what was sent to it. */
  | { readonly kind: "unreachable"; readonly peer: ServerId };

export type PersistBatch = {
  readonly hard: HardState | null;
  /** The configuration that the log begins with, when it is given to this server. */
  readonly bootstrap: Configuration | null;
  /** Remove every entry with index >= this before appending (conflict, §5.3). */
  readonly truncateFrom: LogIndex | null;
  readonly append: readonly Entry[];
  /** Store this chunk of a snapshot that is being received. */
  readonly stage: StagedChunk | null;
  /**
   * All its chunks are there, with this batch's: they replace the state, the log begins anew after `last` with that
   * configuration, and what was staged (and any cut of our own) is removed. All in the same transaction.
   */
  readonly install: { readonly last: LogPosition; readonly configuration: IndexedConfiguration } | null;
};

export type RaftAnswer =
  | { readonly kind: "proposed"; readonly indexes: readonly LogIndex[]; readonly term: Term } // commit decides
  | { readonly kind: "refused"; readonly leader: ServerId | null } // not the leader: nothing was appended
  | { readonly kind: "changing" } // appended, and in force
  | { readonly kind: "changed"; readonly index: LogIndex } // the configuration at `index` is committed
  | { readonly kind: "changeRefused"; readonly reason: string } // nothing was appended
  | { readonly kind: "transferRefused"; readonly reason: string } // this server leads on
  | { readonly kind: "readReady"; readonly id: number; readonly index: LogIndex } // serve once applied >= index
  | { readonly kind: "readRefused"; readonly id: number; readonly leader: ServerId | null };

export type RaftEffects = {
  readonly persist: PersistBatch | null; // one atomic, durable write
  readonly sendNow: readonly RaftMessage[]; // safe before the write is durable
  readonly sendAfterPersist: readonly RaftMessage[]; // votes, acks, and appends: never before
  readonly apply: readonly Entry[]; // committed, in order, no gaps
  readonly answers: readonly RaftAnswer[];
  readonly wakeAt: Millis | null; // the only timer there is
  /** "alarm" when nothing is in flight and the object may sleep until wakeAt. */
  readonly urgency: "timer" | "alarm";
  readonly roleChanged: boolean;
  /** Make a cut of the state as it is now applied, and report it as snapshotTaken. */
  readonly snapshotWanted: boolean;
};
