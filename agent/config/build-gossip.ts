// From settings to how the agent gossips. -dev is Consul's: ten probes a second, short suspicions.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type GossipProfile, lanProfile } from "../../shared/gossip/config.ts";
import { parseIp } from "./addresses.ts";
import type { Values } from "./layers.ts";
import type { LanGossipConfig } from "./runtime-config.ts";

const devProfile: GossipProfile = {
  ...lanProfile,
  gossipIntervalMillis: 100,
  probeIntervalMillis: 100,
  probeTimeoutMillis: 100,
  suspicionMult: 3,
};

const reconnectMillisMin = 8 * 3_600_000; // Consul's

/** Null when gossip is turned off; the error names the setting. */
export function buildGossip(
  values: Values,
  dev: boolean,
  bindAddr: string,
): Result<LanGossipConfig | null, string> {
  if (values.number("ports.serf_lan") < 0) return ok(null);
  const host = values.text("serf_lan") === "" ? ok(bindAddr) : parseIp("serf_lan", values.text("serf_lan"));
  if (!host.ok) return host;
  if (values.number("retry_max") < 0) return fail("retry_max cannot be negative");
  if (values.millis("reconnect_timeout") < reconnectMillisMin)
    return fail("reconnect_timeout must be >= 8h0m0s");
  const profile = buildProfile(values, dev ? devProfile : lanProfile);
  if (!profile.ok) return profile;
  return ok({
    bindHost: host.value,
    startJoin: values.list("start_join"),
    retryJoin: values.list("retry_join"),
    retryIntervalMillis: values.millis("retry_interval"),
    retryMax: values.number("retry_max"),
    rejoinAfterLeave: values.bool("rejoin_after_leave"),
    encrypt: values.text("encrypt"),
    disableKeyringFile: values.bool("disable_keyring_file"),
    reconnectTimeoutMillis: values.millis("reconnect_timeout"),
    verifyIncoming: values.bool("encrypt_verify_incoming"),
    verifyOutgoing: values.bool("encrypt_verify_outgoing"),
    profile: profile.value,
  });
}

function buildProfile(values: Values, standard: GossipProfile): Result<GossipProfile, string> {
  const millis = (name: string, otherwise: number) =>
    values.has(`gossip_lan.${name}`) ? values.millis(`gossip_lan.${name}`) : otherwise;
  const count = (name: string, otherwise: number) =>
    values.has(`gossip_lan.${name}`) ? values.number(`gossip_lan.${name}`) : otherwise;
  const profile: GossipProfile = {
    ...standard,
    gossipNodes: count("gossip_nodes", standard.gossipNodes),
    gossipIntervalMillis: millis("gossip_interval", standard.gossipIntervalMillis),
    probeIntervalMillis: millis("probe_interval", standard.probeIntervalMillis),
    probeTimeoutMillis: millis("probe_timeout", standard.probeTimeoutMillis),
    suspicionMult: count("suspicion_mult", standard.suspicionMult),
    retransmitMult: count("retransmit_mult", standard.retransmitMult),
  };
  for (const [name, value] of [
    ["gossip_nodes", profile.gossipNodes],
    ["gossip_interval", profile.gossipIntervalMillis],
    ["probe_interval", profile.probeIntervalMillis],
    ["probe_timeout", profile.probeTimeoutMillis],
    ["suspicion_mult", profile.suspicionMult],
    ["retransmit_mult", profile.retransmitMult],
  ] as const) {
    if (!(value > 0)) return fail(`gossip_lan.${name} must be positive`);
  }
  // A timeout beyond the interval would never come: the probe is over before.
  const probeTimeoutMillis = Math.min(profile.probeTimeoutMillis, profile.probeIntervalMillis);
  return ok({ ...profile, probeTimeoutMillis });
}
