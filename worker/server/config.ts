// What one server is told at its start.

import type { ServerId } from "../../shared/raft/types.ts";

export type ServerConfig = {
  readonly datacenter: string;
  readonly id: ServerId; // "server-1"
  /**
   * The group's first configuration, used and written down at the first start only: the same list on every server,
   * this one too. Empty: the server waits to be bootstrapped (RaftDriver.bootstrap) or to be added to a group.
   */
  readonly servers: readonly ServerId[];
  /** What /v1/status/leader shows for a server, "host:port". */
  readonly addressOf: Readonly<Record<ServerId, string>>;
  readonly mode: "drowsy" | "awake" | "quiescent";
  /** Consul's session_ttl_min; 10 s when absent. */
  readonly sessionTtlMinMillis?: number;
  /** What the build tag of the servers states. */
  readonly version: string;
};
