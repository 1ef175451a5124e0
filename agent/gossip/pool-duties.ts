// What this agent does for the datacenter because it gossips: it reports members, and sends its coordinate.

import { memberCount } from "../../shared/gossip/member-table.ts";
import type { GossipState } from "../../shared/gossip/state.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPorts } from "../ports.ts";
import { startCoordinateSender } from "./coordinate-sender.ts";
import type { LanPool } from "./lan-pool.ts";
import { startMemberReports } from "./member-report.ts";

/** One probe that failed without anybody's fault is nothing. */
const healthScoreMax = 1;
/** More of the pool than this under suspicion, and it may be us. */
const suspectShareMax = 0.1;

/** Whether this member's verdicts on others are about the others: Lifeguard's local health, and how many it suspects. */
export function isSureOfItself(
  core: Pick<GossipState, "healthScore" | "suspicions" | "members"> | null,
): boolean {
  if (core === null || core.healthScore > healthScoreMax) return false;
  return core.suspicions.size <= memberCount(core.members) * suspectShareMax;
}

/** Begins both; the returned function ends them. A pool that is not open has no duties. */
export function startPoolDuties(
  pool: LanPool,
  config: Pick<RuntimeConfig, "nodeName" | "datacenter" | "ownServer">,
  servers: { readonly backend: Backend; onUp(listener: () => void): void },
  ports: Pick<AgentPorts, "timers" | "clock" | "entropy">,
): () => void {
  const layer = pool.serf();
  if (layer === null) return () => {};
  const { nodeName, datacenter } = config;
  const isServer = config.ownServer !== null;
  const common = { nodeName, backend: servers.backend, timers: ports.timers, now: ports.clock.now };
  const random = ports.entropy.random;
  const stopReports = startMemberReports({
    ...common,
    random,
    pool,
    datacenter,
    isServer,
    isSure: () => isSureOfItself(pool.driver()?.state ?? null),
    onUp: servers.onUp,
  });
  const stopSender = startCoordinateSender({
    ...common,
    random,
    always: () => isServer || pool.members().some(({ Tags }) => Tags.role === "consul"),
    coordinate: () => layer.state.coordinates.coordinate,
    members: () => layer.state.members.size,
  });
  return () => {
    stopReports();
    stopSender();
  };
}
