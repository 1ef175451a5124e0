// What one server is told at its start.

import type { Millis } from "../../shared/base/brand.ts";
import type { RaftConfig } from "../../shared/raft/config.ts";
import type { AutopilotConfiguration } from "../../shared/structs/autopilot.ts";
import type { ServerId } from "../../shared/raft/types.ts";

export type ServerConfig = {
  readonly datacenter: string;
  readonly id: ServerId; // "server-1"
  /**
   * The group's first configuration, used and written down at the first start only: the same list on every server,
   * this one too. Empty: the server waits to be bootstrapped (RaftDriver.bootstrap) or to be added to a group.
   */
  readonly servers: readonly ServerId[];
  /**
   * The group begins once all of `servers` were asked and none has state, instead of at once: a longer list on servers
   * that are new must not begin a second group beside the one that is there.
   */
  readonly beginsTogether?: boolean;
  /** What /v1/status/leader shows for a server, "host:port". */
  readonly addressOf: Readonly<Record<ServerId, string>>;
  /** How many entries the log holds before it is cut, and how many then stay for followers that are behind. */
  readonly log?: { readonly entriesMax: number; readonly entriesKept: number };
  readonly mode: "drowsy" | "awake" | "quiescent";
  /** Consul's session_ttl_min; 10 s when absent. */
  readonly sessionTtlMinMillis?: number;
  /** What the build tag of the servers states. */
  readonly version: string;
  /** Raft's times, where the defaults do not fit. */
  readonly raftTimes?: Partial<
    Pick<RaftConfig, "heartbeatMillis" | "electionTimeoutMillis" | "leaseMillis" | "stirWaitMillis">
  >;
  /** How long a request waits for a leader (Consul: performance.rpc_hold_timeout). */
  readonly rpcHoldMillis?: Millis;
  /** Errors of another server say so, as Consul's do ("rpc error making call: ..."). */
  readonly marksForwarded?: boolean;
  /** Node name of the agent that gossips in this process: its pool is believed at once (decision 0044). */
  readonly ownAgent?: string;
  /** Autopilot's settings before an operator set any. */
  readonly autopilot?: AutopilotConfiguration;
  /** -bootstrap-expect; 0: this server waits to be added. */
  readonly bootstrapExpect?: number;
};
