// How this agent reaches its servers: over a link to a Worker, over a link to one of the servers that gossip knows, or
// in its own process. The rest of the agent sees no difference.

import type { RuntimeConfig } from "../config/runtime-config.ts";
import { linkHello } from "../local/node.ts";
import type { AgentPorts } from "../ports.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { EventRow } from "../../shared/structs/user-event.ts";
import { serverAddress } from "../../shared/structs/known-server.ts";
import { createBackend } from "./backend.ts";
import { createLink, type LinkStatus } from "./link.ts";
import { createOwnServers } from "./own-server.ts";
import type { ServerDirectory } from "./server-directory.ts";

export type Servers = {
  readonly backend: Backend;
  start(): void;
  stop(): void;
  /** Tells them that this node leaves, and stops. */
  goodbye(): Promise<void>;
  status(): LinkStatus;
  /** Called each time that they can be reached (again). */
  onUp(listener: () => void): void;
};

/** The servers of this agent, not started yet. `directory`: those that gossip knows. `userEvent`: they tell of one. */
export function createServers(
  config: RuntimeConfig,
  ports: AgentPorts,
  directory: ServerDirectory,
  userEvent: (event: EventRow) => void,
): Servers {
  if (ports.ownServer !== undefined) return createOwnServers(config, ports.ownServer, ports);
  const gossips = config.edgeUrls.length === 0;
  const link = createLink(
    {
      urls: () => (gossips ? aliveServers(directory) : config.edgeUrls),
      token: () => tokenFor(config, ports, directory),
      datacenter: config.datacenter,
      asConsul: gossips,
      holdMillis: config.performance.rpcHoldMillis,
      hello: () => linkHello(config),
      userEvent,
    },
    ports,
  );
  let stopListening: () => void = () => {};
  return {
    backend: createBackend(link, ports),
    start() {
      if (gossips) stopListening = directory.onChange(() => link.serversChanged());
      link.start();
    },
    stop() {
      stopListening();
      link.stop();
    },
    async goodbye() {
      stopListening();
      await link.goodbye();
    },
    status: () => link.status(),
    onUp: (listener) => link.onUp(listener),
  };
}

function aliveServers(directory: ServerDirectory): readonly string[] {
  return directory
    .servers()
    .filter((server) => server.state === "alive" || server.state === "leaving")
    .map((server) => `http://${serverAddress(server)}`);
}

/** The Worker's secret, or the proof that this agent has the gossip key of its datacenter. */
function tokenFor(config: RuntimeConfig, ports: AgentPorts, directory: ServerDirectory): string {
  if (config.edgeToken !== "") return config.edgeToken;
  const [secret] = directory.secrets();
  return secret === undefined ? "" : (ports.linkToken?.(secret, config.datacenter) ?? "");
}
