// The agent's configuration after loading and validation: complete, typed, immutable.

import type { Millis } from "../../shared/base/brand.ts";
import type { AutopilotConfiguration } from "../../shared/structs/autopilot.ts";
import type { GossipProfile } from "../../shared/gossip/config.ts";
import type { DnsConfig } from "./dns-config.ts";
import type { HttpConfig } from "./http-config.ts";
import type { TelemetryConfig } from "./telemetry-config.ts";
import type { CheckDefinition, ServiceDefinition } from "../../shared/structs/service-definition.ts";

/** `socket` is the path of a unix socket, in place of host and port. */
export type ListenAddress = { readonly host: string; readonly port: number; readonly socket?: string };

/** The server that runs in the agent's own process. */
export type OwnServerConfig = {
  /** -dev: open, in memory, answers always indented. */
  readonly dev: boolean;
  readonly bootstrap: boolean;
  /** How many servers begin the group together; 0: this one alone (`bootstrap`), or it waits to be added. */
  readonly bootstrapExpect: number;
  readonly nonVoter: boolean;
  readonly port: number;
  readonly serfWanPort: number;
  readonly autopilot: AutopilotConfiguration;
};

export type PerformanceConfig = {
  /** 1: elections after a second of silence; up to 10 times slower. */
  readonly raftMultiplier: number;
  /** How long a request waits for a leader. */
  readonly rpcHoldMillis: Millis;
  /** How long a server that leaves still answers. */
  readonly leaveDrainMillis: Millis;
};

/** How this agent gossips in its datacenter. */
export type LanGossipConfig = {
  /** Where it listens; bind_addr, or serf_lan. */
  readonly bindHost: string;
  readonly startJoin: readonly string[];
  readonly retryJoin: readonly string[];
  readonly retryIntervalMillis: Millis;
  /** 0: for ever. */
  readonly retryMax: number;
  readonly rejoinAfterLeave: boolean;
  /** Base64; "" for plain gossip. */
  readonly encrypt: string;
  /** Keys live in memory alone. */
  readonly disableKeyringFile: boolean;
  /** A failed member is forgotten after this, and its node goes from the catalog. */
  readonly reconnectTimeoutMillis: Millis;
  readonly verifyIncoming: boolean;
  readonly verifyOutgoing: boolean;
  readonly profile: GossipProfile;
};

export type RuntimeConfig = {
  readonly nodeName: string;
  readonly nodeId: string; // "" until read from or made in the data directory
  readonly nodeMeta: Readonly<Record<string, string>>;
  readonly datacenter: string;
  readonly domain: string; // "consul."
  readonly dataDir: string; // "" keeps nothing
  readonly bindAddr: string;
  readonly advertiseAddr: string;
  readonly serfLanPort: number;
  /** Null for an agent that does not gossip (ports.serf_lan below 0). */
  readonly gossip: LanGossipConfig | null;
  readonly http: readonly ListenAddress[]; // empty: no HTTP
  readonly dns: readonly ListenAddress[];
  /** Null for an agent whose servers are elsewhere. */
  readonly ownServer: OwnServerConfig | null;
  readonly performance: PerformanceConfig;
  readonly edgeUrls: readonly string[];
  readonly edgeToken: string;
  readonly defaultToken: string;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
  /** Of the server in this process. */
  readonly sessionTtlMinMillis: Millis;
  readonly checkUpdateIntervalMillis: Millis;
  readonly checkOutputBytesMax: number;
  /** Checks that come in through the API may run programs. */
  readonly enableRemoteScripts: boolean;
  /** "" is stored in place of what checks say. */
  readonly discardCheckOutput: boolean;
  readonly leaveOnTerminate: boolean;
  readonly skipLeaveOnInterrupt: boolean;
  /** Orders of `legate exec` are not followed. */
  readonly disableRemoteExec: boolean;
  readonly httpConfig: HttpConfig;
  readonly dnsConfig: DnsConfig;
  readonly telemetry: TelemetryConfig;
  /** Where sidecars without a port of their own get one; both 0: nowhere. */
  readonly sidecarPorts: { readonly min: number; readonly max: number };
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
};
