// The server in this process as the agent's servers. It has one duty of a leader that nobody else does for it: its own
// node stands in the catalog with serfHealth and the service "consul", and comes back when somebody deregisters it.

import type { Millis } from "../../shared/base/brand.ts";
import { errorMessage, type ServerError } from "../../shared/errors.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { serverRegistration } from "../local/server-node.ts";
import type { AgentPorts, OwnServer } from "../ports.ts";
import type { Servers } from "./servers.ts";

/** Consul's leader compares its members with the catalog so often. */
const reconcileMillis: Millis = 60_000;
const retryMillis: Millis = 1_000;

/** The own server, not started yet. */
export function createOwnServers(
  config: RuntimeConfig,
  server: OwnServer,
  ports: Pick<AgentPorts, "timers" | "log">,
): Servers {
  const upListeners: (() => void)[] = [];
  let up = false;
  let running = false;
  let stopTimer: () => void = () => {};

  /** Null when the catalog has what it should. */
  async function reconcile(): Promise<ServerError | null> {
    const node = config.nodeName;
    const services = await server.backend.call("Catalog.NodeServices", { node, options: leaderOptions });
    if (!services.ok) return services.error;
    const checks = await server.backend.call("Health.NodeChecks", { node, options: leaderOptions });
    if (!checks.ok) return checks.error;
    const serf = checks.value.value.find((check) => check.CheckID === serfHealthCheckId);
    const own = services.value.value?.Services.consul;
    const known = services.value.value?.Node.ID === config.nodeId && own?.Port === config.ownServer?.port;
    if (known && serf?.Status === "passing") return null;
    const written = await server.backend.call("Catalog.Register", {
      token: "",
      registration: serverRegistration(config),
    });
    return written.ok ? null : written.error;
  }

  async function run(): Promise<void> {
    const error = await reconcile();
    if (!running) return;
    stopTimer = ports.timers.after(error === null ? reconcileMillis : retryMillis, () => void run());
    if (error !== null) {
      ports.log("warn", "agent.server: this node could not be registered", { error: errorMessage(error) });
    } else if (!up) {
      up = true;
      ports.log("info", "agent.server: there is a leader, and this node is in the catalog");
      for (const listener of upListeners) listener();
    }
  }

  function stop(): void {
    running = false;
    up = false;
    stopTimer();
    server.stop();
  }

  /** Nothing of this node may come back while it goes. */
  async function goodbye(): Promise<void> {
    running = false;
    stopTimer();
    if (!(await server.leave())) {
      ports.log("warn", "agent.server: the others could not be told that this server leaves");
    }
    stop();
  }

  return {
    backend: server.backend,
    start() {
      running = true;
      server.start();
      void run();
    },
    stop,
    goodbye,
    status: () => ({
      up,
      server: up ? config.nodeName : "",
      reason: up ? "" : "the server in this process has no leader yet",
      url: "",
    }),
    onUp: (listener) => void upListeners.push(listener),
  };
}

const leaderOptions: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 0,
  waitMillis: 0,
};
