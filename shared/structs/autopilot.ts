// Autopilot: its configuration, kept by raft, and what it knows of the servers' health, kept by the leader.
// Field names are Consul's (api/operator); durations are milliseconds inside and Go's text outside.

import type { Millis } from "../base/brand.ts";
import { formatGoDuration } from "../base/millis.ts";
import type { ServerState } from "./known-server.ts";

export type AutopilotConfiguration = {
  readonly CleanupDeadServers: boolean;
  readonly LastContactThreshold: Millis;
  readonly MaxTrailingLogs: number;
  readonly MinQuorum: number;
  readonly ServerStabilizationTime: Millis;
  /** Enterprise: kept and shown, without effect. */
  readonly RedundancyZoneTag: string;
  readonly DisableUpgradeMigration: boolean;
  readonly UpgradeVersionTag: string;
};

export type AutopilotEntry = AutopilotConfiguration & {
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
};

/** Consul's defaults. */
export const defaultAutopilot: AutopilotConfiguration = {
  CleanupDeadServers: true,
  LastContactThreshold: 200,
  MaxTrailingLogs: 250,
  MinQuorum: 0,
  ServerStabilizationTime: 10_000,
  RedundancyZoneTag: "",
  DisableUpgradeMigration: false,
  UpgradeVersionTag: "",
};

/** What one server says of its own raft. */
export type ServerStats = {
  /** Since it heard the leader; 0 on the leader, -1 never. */
  readonly lastContactMillis: Millis;
  readonly lastTerm: number;
  readonly lastIndex: number;
};

export type ServerHealth = {
  /** Raft's id, and the one that is shown. */
  readonly id: string;
  readonly nodeId: string;
  readonly name: string;
  readonly address: string;
  readonly state: ServerState;
  readonly version: string;
  readonly leader: boolean;
  readonly stats: ServerStats;
  readonly healthy: boolean;
  readonly voter: boolean;
  /** Wall clock since when `healthy` is as it is. */
  readonly stableSince: Millis;
};

export type ClusterHealth = {
  readonly healthy: boolean;
  /** How many voters may fail before writes stop. */
  readonly failureTolerance: number;
  readonly servers: readonly ServerHealth[];
};

/** The configuration as the API shows it. */
export function presentAutopilot(entry: AutopilotEntry): Readonly<Record<string, unknown>> {
  return {
    CleanupDeadServers: entry.CleanupDeadServers,
    LastContactThreshold: formatGoDuration(entry.LastContactThreshold),
    MaxTrailingLogs: entry.MaxTrailingLogs,
    MinQuorum: entry.MinQuorum,
    ServerStabilizationTime: formatGoDuration(entry.ServerStabilizationTime),
    RedundancyZoneTag: entry.RedundancyZoneTag,
    DisableUpgradeMigration: entry.DisableUpgradeMigration,
    UpgradeVersionTag: entry.UpgradeVersionTag,
    CreateIndex: entry.CreateIndex,
    ModifyIndex: entry.ModifyIndex,
  };
}

/** /v1/operator/autopilot/health; `time` prints a wall clock as RFC 3339 in whole seconds. */
export function presentHealth(
  health: ClusterHealth,
  time: (millis: Millis) => string,
): Readonly<Record<string, unknown>> {
  return {
    Healthy: health.healthy,
    FailureTolerance: health.failureTolerance,
    Servers: health.servers.length === 0 ? null : health.servers.map((server) => presentServer(server, time)),
  };
}

function presentServer(server: ServerHealth, time: (millis: Millis) => string): Record<string, unknown> {
  return {
    ID: server.nodeId,
    Name: server.name,
    Address: server.address,
    SerfStatus: server.state,
    Version: server.version,
    Leader: server.leader,
    LastContact: lastContactText(server.stats),
    LastTerm: server.stats.lastTerm,
    LastIndex: server.stats.lastIndex,
    Healthy: server.healthy,
    Voter: server.voter,
    StableSince: time(server.stableSince),
  };
}

function lastContactText(stats: ServerStats): string {
  return formatGoDuration(stats.lastContactMillis < 0 ? -1e-6 : stats.lastContactMillis);
}

/** /v1/operator/autopilot/state (Consul 1.9): the same by id, with who leads and who votes. */
export function presentState(
  health: ClusterHealth,
  time: (millis: Millis) => string,
): Readonly<Record<string, unknown>> {
  const voters = health.servers.filter((server) => server.voter);
  return {
    Healthy: health.healthy,
    FailureTolerance: health.failureTolerance,
    Servers: Object.fromEntries(
      health.servers.map((server) => [
        server.nodeId,
        {
          ID: server.nodeId,
          Name: server.name,
          Address: server.address,
          NodeStatus: server.state,
          Version: server.version,
          LastContact: lastContactText(server.stats),
          LastTerm: server.stats.lastTerm,
          LastIndex: server.stats.lastIndex,
          Healthy: server.healthy,
          StableSince: time(server.stableSince),
          ReadReplica: false,
          Status: server.leader ? "leader" : server.voter ? "voter" : "non-voter",
          Meta: {},
          NodeType: "voter",
        },
      ]),
    ),
    Leader: health.servers.find((server) => server.leader)?.nodeId ?? "",
    Voters: [...voters.filter((server) => server.leader), ...voters.filter((server) => !server.leader)].map(
      ({ nodeId }) => nodeId,
    ),
    // Enterprise in Consul; here every voter that is up can be counted on.
    OptimisticFailureTolerance: health.failureTolerance,
  };
}
