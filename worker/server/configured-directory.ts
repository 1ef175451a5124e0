// The servers as the configuration lists them, for hosts without gossip: always the same, each taken to be alive.

import type { KnownServer } from "../../shared/structs/known-server.ts";
import type { ServerConfig } from "./config.ts";
import { serverNodeId } from "./members.ts";
import type { Directory } from "./ports.ts";

const portDefault = 8300;

/** A directory that never changes. */
export function configuredDirectory(config: ServerConfig): Directory {
  const servers = config.servers.map((id): KnownServer => {
    const shown = config.addressOf[id] ?? "";
    const colon = shown.lastIndexOf(":");
    return {
      id,
      name: id,
      nodeId: serverNodeId(config.datacenter, id),
      datacenter: config.datacenter,
      address: (colon < 0 ? shown : shown.slice(0, colon)).replace(/^\[(.*)\]$/, "$1"),
      port: colon < 0 ? portDefault : Number(shown.slice(colon + 1)),
      state: "alive",
      bootstrapExpect: config.bootstrapExpect ?? 0,
      bootstrap: false,
      nonVoter: false,
      protocolVersion: 3,
      build: config.version,
    };
  });
  return { servers: () => servers, members: () => [], onChange: () => () => {} };
}
