// What one server is told at its start. The set of servers is fixed by configuration until membership change arrives.

import type { ServerId } from "../../shared/raft/types.ts";

export type ServerConfig = {
  readonly datacenter: string;
  readonly id: ServerId; // "server-1"
  readonly servers: readonly ServerId[]; // all of them, this one too
  /** What /v1/status/leader shows for a server, "host:port". */
  readonly addressOf: Readonly<Record<ServerId, string>>;
  readonly mode: "drowsy" | "awake" | "quiescent";
  /** Consul's session_ttl_min; 10 s when absent. */
  readonly sessionTtlMinMillis?: number;
  /** What the build tag of the servers states. */
  readonly version: string;
};
