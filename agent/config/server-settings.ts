// The settings of a server and of the waiting for one: from merged values to their typed part of RuntimeConfig.

import { type AutopilotConfiguration, defaultAutopilot } from "../../shared/structs/autopilot.ts";
import { limits } from "../../shared/limits.ts";
import type { Values } from "./layers.ts";
import type { OwnServerConfig, PerformanceConfig } from "./runtime-config.ts";

/** Null for an agent whose servers are elsewhere. */
export function buildOwnServer(values: Values, dev: boolean): OwnServerConfig | null {
  if (!dev && !values.bool("server")) return null;
  return {
    dev,
    ...bootstrapOf(values),
    nonVoter: values.bool("non_voting_server"),
    port: values.number("ports.server"),
    serfWanPort: values.number("ports.serf_wan"),
    autopilot: buildAutopilot(values),
  };
}

/** To expect one server is to bootstrap alone, as Consul has it. */
function bootstrapOf(values: Values): Pick<OwnServerConfig, "bootstrap" | "bootstrapExpect"> {
  const expected = values.number("bootstrap_expect");
  if (expected === 1) return { bootstrap: true, bootstrapExpect: 0 };
  return { bootstrap: values.bool("bootstrap"), bootstrapExpect: expected };
}

/** Autopilot's settings until an operator sets others. */
function buildAutopilot(values: Values): AutopilotConfiguration {
  const given = <T>(key: string, read: () => T, standard: T): T =>
    values.has(`autopilot.${key}`) ? read() : standard;
  const bool = (key: string, standard: boolean) =>
    given(key, () => values.bool(`autopilot.${key}`), standard);
  const number = (key: string, standard: number) =>
    given(key, () => values.number(`autopilot.${key}`), standard);
  const millis = (key: string, standard: number) =>
    given(key, () => values.millis(`autopilot.${key}`), standard);
  return {
    CleanupDeadServers: bool("cleanup_dead_servers", defaultAutopilot.CleanupDeadServers),
    LastContactThreshold: millis("last_contact_threshold", defaultAutopilot.LastContactThreshold),
    MaxTrailingLogs: number("max_trailing_logs", defaultAutopilot.MaxTrailingLogs),
    MinQuorum: number("min_quorum", defaultAutopilot.MinQuorum),
    ServerStabilizationTime: millis("server_stabilization_time", defaultAutopilot.ServerStabilizationTime),
    RedundancyZoneTag: values.text("autopilot.redundancy_zone_tag"),
    DisableUpgradeMigration: bool("disable_upgrade_migration", defaultAutopilot.DisableUpgradeMigration),
    UpgradeVersionTag: values.text("autopilot.upgrade_version_tag"),
  };
}

export function buildPerformance(values: Values): PerformanceConfig {
  const hold = values.millis("performance.rpc_hold_timeout");
  return {
    // 0 is Consul's "default timing"; ours is that of 1.
    raftMultiplier: Math.max(1, values.number("performance.raft_multiplier")),
    rpcHoldMillis: hold > 0 ? hold : limits.rpcHoldMillis,
    leaveDrainMillis: values.millis("performance.leave_drain_time"),
  };
}

/** What cannot be, in Consul's words; null when nothing is wrong. */
export function serverMistake(values: Values, dev: boolean): string | null {
  const { bootstrap, bootstrapExpect: expected } = bootstrapOf(values);
  const server = values.bool("server") || dev;
  if (expected < 0) return `bootstrap_expect cannot be ${expected}. Must be greater than or equal to zero`;
  if (expected > 0 && !server) return "'bootstrap_expect > 0' requires 'server = true'";
  if (expected > 0 && dev) return "'bootstrap_expect > 0' not allowed in dev mode";
  if (expected > 0 && bootstrap)
    return "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive";
  if (bootstrap && !server) return "'bootstrap = true' requires 'server = true'";
  const multiplier = values.number("performance.raft_multiplier");
  if (multiplier < 0 || multiplier > 10)
    return `performance.raft_multiplier cannot be ${multiplier}. Must be between 1 and 10`;
  if (values.number("autopilot.max_trailing_logs") < 0)
    return `autopilot.max_trailing_logs cannot be ${values.number("autopilot.max_trailing_logs")}. Must be greater than or equal to zero`;
  return null;
}
