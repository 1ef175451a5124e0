// Servers as a directory lists them, and as a configuration describes one.

import type { OwnServerConfig } from "../../agent/config/runtime-config.ts";
import { defaultAutopilot } from "../../shared/structs/autopilot.ts";
import type { KnownServer } from "../../shared/structs/known-server.ts";

/** A server that is alive on 127.0.0.1. */
export function aKnownServer(id: string, change: Partial<KnownServer> = {}): KnownServer {
  return {
    id,
    name: id,
    nodeId: id,
    datacenter: "dc1",
    address: "127.0.0.1",
    port: 8300,
    state: "alive",
    bootstrapExpect: 3,
    bootstrap: false,
    nonVoter: false,
    protocolVersion: 3,
    build: "1.8.7",
    ...change,
  };
}

/** What an agent that is a server itself is configured to be. */
export function anOwnServer(change: Partial<OwnServerConfig> = {}): OwnServerConfig {
  return {
    dev: false,
    bootstrap: false,
    bootstrapExpect: 0,
    nonVoter: false,
    port: 8300,
    serfWanPort: 8302,
    autopilot: defaultAutopilot,
    ...change,
  };
}
