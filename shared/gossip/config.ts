// Settings of one member, in milliseconds, and the profiles for LAN, WAN and one machine (memberlist's defaults).

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import type { Alive, GossipAddress, NodeName, PushPullNode } from "./types.ts";

/** What the layer above allows. Both answer null, or the reason of a refusal. They must decide by their argument only. */
export type AdmissionPolicy = {
  /** Asked for every alive message about others. */
  readonly member: (alive: Alive) => string | null;
  /** Asked for the members that come with a join. */
  readonly merge: (nodes: readonly PushPullNode[]) => string | null;
};

export type GossipProfile = {
  readonly probeIntervalMillis: Millis;
  readonly probeTimeoutMillis: Millis;
  /** How many others are asked to ping a silent member. */
  readonly indirectChecks: number;
  readonly suspicionMult: number;
  /** The longest suspicion is this times the shortest; 1 turns Lifeguard's dynamic suspicion off. */
  readonly suspicionMaxTimeoutMult: number;
  readonly retransmitMult: number;
  readonly gossipIntervalMillis: Millis;
  readonly gossipNodes: number;
  /** How long the dead are still told what happens, so that they learn of their death. */
  readonly gossipToTheDeadMillis: Millis;
  readonly pushPullIntervalMillis: Millis;
  /** A whole stream exchange. */
  readonly streamTimeoutMillis: Millis;
  /** Health scores are below this; 1 turns Lifeguard's local health off. */
  readonly awarenessMax: number;
  /** Lifeguard's two others: relays report silence, suspects are told of the suspicion when they are probed. */
  readonly nacks: boolean;
  readonly buddy: boolean;
  /** Ours: a member that finds that it did not run for a while accuses nobody for what it did not hear. */
  readonly stallAware: boolean;
};

export type GossipConfig = GossipProfile & {
  readonly name: NodeName;
  /** What others use to reach this member; 4 bytes for IPv4. */
  readonly address: GossipAddress;
  readonly versions: Uint8Array;
  /** After this a dead member's name may come back at another address; 0: only when it has been forgotten. */
  readonly deadNodeReclaimMillis: Millis;
  /** A packet is filled up to this; label and encryption take `packetOverheadBytes` of it. */
  readonly packetBytesMax: number;
  readonly packetOverheadBytes: number;
  /** Probe over a stream what does not answer packets. */
  readonly streamPing: boolean;
  readonly admit: AdmissionPolicy;
};

export const lanProfile: GossipProfile = {
  probeIntervalMillis: 1_000,
  probeTimeoutMillis: 500,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  retransmitMult: 4,
  gossipIntervalMillis: 200,
  gossipNodes: 3,
  gossipToTheDeadMillis: 30_000,
  pushPullIntervalMillis: 30_000,
  streamTimeoutMillis: 10_000,
  awarenessMax: 8,
  nacks: true,
  buddy: true,
  stallAware: true,
};

/** Consul's: memberlist itself gossips to 4. */
export const wanProfile: GossipProfile = {
  ...lanProfile,
  probeIntervalMillis: 5_000,
  probeTimeoutMillis: 3_000,
  suspicionMult: 6,
  gossipIntervalMillis: 500,
  gossipToTheDeadMillis: 60_000,
  pushPullIntervalMillis: 60_000,
  streamTimeoutMillis: 30_000,
};

export const localProfile: GossipProfile = {
  ...lanProfile,
  probeTimeoutMillis: 200,
  indirectChecks: 1,
  suspicionMult: 3,
  retransmitMult: 2,
  gossipIntervalMillis: 100,
  gossipToTheDeadMillis: 15_000,
  pushPullIntervalMillis: 15_000,
  streamTimeoutMillis: 1_000,
};

/** Plain SWIM with a fixed suspicion, to compare with. */
export function withoutLifeguard(profile: GossipProfile): GossipProfile {
  return {
    ...profile,
    suspicionMaxTimeoutMult: 1,
    awarenessMax: 1,
    nacks: false,
    buddy: false,
    stallAware: false,
  };
}

export const admitAll: AdmissionPolicy = { member: () => null, merge: () => null };

/** memberlist 1–5 speaking 2, serf 2–5 speaking 5: what serf 0.9.4 says. */
export const serfVersions = Uint8Array.of(1, 5, 2, 2, 5, 5);

/** Fills in what is the same for every pool; throws on settings that cannot work together. */
export function gossipConfig(
  profile: GossipProfile,
  identity: Pick<GossipConfig, "name" | "address"> & Partial<GossipConfig>,
): GossipConfig {
  const config: GossipConfig = {
    ...profile,
    versions: serfVersions,
    deadNodeReclaimMillis: 0,
    packetBytesMax: limits.gossipPacketBytesMax,
    packetOverheadBytes: 0,
    streamPing: true,
    admit: admitAll,
    ...identity,
  };
  assert(config.name !== "", "a member has a name");
  assert(config.probeIntervalMillis > 0 && config.gossipIntervalMillis > 0, "intervals are positive");
  assert(config.probeTimeoutMillis <= config.probeIntervalMillis, "a probe's timeout is within its interval");
  assert(config.awarenessMax >= 1 && config.suspicionMaxTimeoutMult >= 1, "multipliers are at least 1");
  return config;
}
