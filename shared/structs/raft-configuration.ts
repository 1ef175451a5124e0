// Raft's configuration as operators see it (/v1/operator/raft/configuration), and what one server says of itself when
// a group is being formed.

export type RaftServerView = {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Leader: boolean;
  readonly ProtocolVersion: string;
  readonly Voter: boolean;
};

export type RaftConfigurationView = { readonly Servers: readonly RaftServerView[]; readonly Index: number };

/** What servers tell each other before there is a group. */
export type BootstrapView = {
  readonly expect: number;
  /** The configuration in force there; empty: it has none, and no other state of raft either. */
  readonly group: readonly { readonly id: string; readonly address: string; readonly voter: boolean }[];
  /** The log entry that holds it; 0 for the one of the bootstrap. */
  readonly index: number;
  /** Ids of the servers that it knows and that expect as many, sorted. */
  readonly candidates: readonly string[];
};

/** A server of the group when its majority is lost: whether it answers, and how far its log goes. */
export type RecoveryServer = {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly voter: boolean;
  readonly answers: boolean;
  readonly lastTerm: number;
  readonly lastIndex: number;
};

/** What the recovery on `server` would do, or did. */
export type RecoveryReport = {
  readonly server: string;
  /** The epoch that it begins: to be given back, so that a repeated command does nothing twice. */
  readonly epoch: number;
  /** Up to here all was surely committed. */
  readonly commitIndex: number;
  /** Up to here entries are kept, whether their writers were told so or not; later ones are lost. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly servers: readonly RecoveryServer[];
  readonly recovered: boolean;
};
