// How healthy the servers are: each by what it says of itself and what the others see of it, and the cluster by its
// voters (Consul's autopilot). Pure: who was asked, and when, is the caller's.

import type { Millis } from "../base/brand.ts";
import type {
  AutopilotConfiguration,
  ClusterHealth,
  ServerHealth,
  ServerStats,
} from "../structs/autopilot.ts";
import { type KnownServer, serverAddress } from "../structs/known-server.ts";

/** A server of raft's configuration. */
export type GroupMember = { readonly id: string; readonly address: string; readonly voter: boolean };

export type Observation = {
  readonly now: Millis;
  readonly leader: string;
  /** The leader's own log. */
  readonly lastTerm: number;
  readonly lastIndex: number;
  readonly group: readonly GroupMember[];
  readonly known: readonly KnownServer[];
  /** What each server answered; nothing for one that did not. */
  readonly stats: ReadonlyMap<string, ServerStats>;
  readonly settings: AutopilotConfiguration;
};

const nothing: ServerStats = { lastContactMillis: -1, lastTerm: 0, lastIndex: 0 };

/** The health now; `before` gives since when each server is as it is. Sorted by id. */
export function observeHealth(seen: Observation, before: ClusterHealth | null): ClusterHealth {
  const ids = new Set([
    ...seen.group.map(({ id }) => id),
    ...seen.known.filter(({ state }) => state !== "left").map(({ id }) => id),
  ]);
  const servers = [...ids].sort().map((id) => observeServer(seen, id, before));
  const voters = servers.filter(({ voter }) => voter);
  const healthyVoters = voters.filter(({ healthy }) => healthy).length;
  return {
    healthy: servers.every(({ healthy }) => healthy),
    failureTolerance: Math.max(0, healthyVoters - quorumOf(voters.length)),
    servers,
  };
}

export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

function observeServer(seen: Observation, id: string, before: ClusterHealth | null): ServerHealth {
  const known = seen.known.find((server) => server.id === id);
  const member = seen.group.find((server) => server.id === id);
  const stats = seen.stats.get(id) ?? nothing;
  const state = known?.state ?? "failed";
  const healthy = state === "alive" && isKeepingUp(seen, id, stats);
  const was = before?.servers.find((server) => server.id === id);
  return {
    id,
    nodeId: known?.nodeId ?? id,
    name: known?.name ?? "(unknown)",
    address: known === undefined ? (member?.address ?? "") : serverAddress(known),
    state,
    version: known?.build ?? "",
    leader: id === seen.leader,
    stats,
    healthy,
    voter: member?.voter ?? false,
    stableSince: was !== undefined && was.healthy === healthy ? was.stableSince : seen.now,
  };
}

function isKeepingUp(seen: Observation, id: string, stats: ServerStats): boolean {
  if (id === seen.leader) return true;
  const { settings } = seen;
  return (
    stats.lastContactMillis >= 0 &&
    stats.lastContactMillis <= settings.LastContactThreshold &&
    stats.lastTerm === seen.lastTerm &&
    stats.lastIndex + settings.MaxTrailingLogs >= seen.lastIndex
  );
}
