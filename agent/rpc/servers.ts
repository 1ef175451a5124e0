// How this agent reaches its servers: over the link, or in its own process. The rest of the agent sees no difference.

import type { RuntimeConfig } from "../config/runtime-config.ts";
import { linkHello } from "../local/node.ts";
import type { AgentPorts } from "../ports.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { createBackend } from "./backend.ts";
import { createLink, type LinkStatus } from "./link.ts";
import { createOwnServers } from "./own-server.ts";

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

/** The servers of this agent, not started yet. */
export function createServers(config: RuntimeConfig, ports: AgentPorts): Servers {
  if (ports.ownServer !== undefined) return createOwnServers(config, ports.ownServer, ports);
  const link = createLink(
    {
      urls: config.edgeUrls,
      token: config.edgeToken,
      datacenter: config.datacenter,
      hello: () => linkHello(config),
    },
    ports,
  );
  return {
    backend: createBackend(link, ports),
    start: () => link.start(),
    stop: () => link.stop(),
    goodbye: () => link.goodbye(),
    status: () => link.status(),
    onUp: (listener) => link.onUp(listener),
  };
}
