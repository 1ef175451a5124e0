// How a read is asked for and what an answer says about itself (Consul: "Consistency Modes", "Blocking Queries").

import type { Millis } from "../base/brand.ts";

/** default: the leader's state, its leadership confirmed or leased; consistent: quorum asked; stale: any server's. */
export type Consistency = "default" | "consistent" | "stale";

export type QueryOptions = {
  readonly datacenter: string; // "" is the datacenter of whoever is asked
  readonly token: string;
  readonly consistency: Consistency;
  /** Greater than 0: answer only when the result's index is above it (a blocking query). */
  readonly minIndex: number;
  /** How long a blocking query may wait; ignored when minIndex is 0. */
  readonly waitMillis: Millis;
  /** Rows by predicted round-trip time from this node, where the read supports it; "" or absent: as they come. */
  readonly near?: string;
  /** Of a stale read: a server that heard from the leader longer ago asks it instead. */
  readonly maxStaleMillis?: Millis;
};

export type QueryMeta = {
  /** The raft index that the result depends on; never 0. */
  readonly index: number;
  /** Since the answering server last heard from the leader; 0 from the leader itself. */
  readonly lastContactMillis: Millis;
  readonly knownLeader: boolean;
  readonly consistency: Consistency;
};

export type Reply<T> = { readonly meta: QueryMeta; readonly value: T };
