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
