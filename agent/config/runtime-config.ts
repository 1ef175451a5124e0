// The agent's configuration after loading and validation: complete, typed, immutable.

import type { Millis } from "../../shared/base/brand.ts";
import type { DnsConfig } from "./dns-config.ts";
import type { HttpConfig } from "./http-config.ts";
import type { CheckDefinition, ServiceDefinition } from "../../shared/structs/service-definition.ts";

/** `socket` is the path of a unix socket, in place of host and port. */
export type ListenAddress = { readonly host: string; readonly port: number; readonly socket?: string };

/** The server that runs in the agent's own process. */
export type OwnServerConfig = {
  /** -dev: open, in memory, answers always indented. */
  readonly dev: boolean;
  readonly bootstrap: boolean;
  readonly port: number;
  readonly serfWanPort: number;
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
  readonly http: readonly ListenAddress[]; // empty: no HTTP
  readonly dns: readonly ListenAddress[];
  /** Null for an agent whose servers are elsewhere. */
  readonly ownServer: OwnServerConfig | null;
  readonly edgeUrls: readonly string[];
  readonly edgeToken: string;
  readonly defaultToken: string;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
  /** Of the server in this process. */
  readonly sessionTtlMinMillis: Millis;
  readonly checkUpdateIntervalMillis: Millis;
  readonly checkOutputBytesMax: number;
  readonly leaveOnTerminate: boolean;
  readonly skipLeaveOnInterrupt: boolean;
  readonly httpConfig: HttpConfig;
  readonly dnsConfig: DnsConfig;
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
};
