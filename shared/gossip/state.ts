// GossipState: everything one member knows, and how it starts. Changed in place, only by the files of this folder.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import { nextRandom } from "../base/prng.ts";
import { type BroadcastQueue, newBroadcastQueue } from "./broadcasts.ts";
import type { GossipConfig } from "./config.ts";
import {
  findMember,
  type MemberTable,
  newMemberTable,
  newRandomWalk,
  putMember,
  type RandomWalk,
} from "./member-table.ts";
import type { Suspicion } from "./suspicion.ts";
import type { GossipAddress, GossipEvent, Member, NodeName, Packet, Ping } from "./types.ts";

/** The probe under way; there is at most one. */
export type Probe = {
  readonly sequence: number;
  readonly target: NodeName;
  readonly sentAt: Millis;
  /** After this others are asked, and an answer is no sample of the round trip. */
  readonly askOthersAt: Millis;
  readonly endsAt: Millis;
  othersAsked: boolean;
  nacksExpected: number;
  nacksReceived: number;
};

/** A ping that we sent for somebody else. */
export type Relay = {
  readonly requester: GossipAddress;
  readonly sequence: number;
  /** When to admit that there is no answer; null when it was not asked for or is done. */
  nackAt: Millis | null;
  readonly endsAt: Millis;
};

/** What happened since the start, for telemetry. */
export type GossipCounters = {
  probes: number;
  probesFailed: number;
  probesSavedByStream: number;
  refutations: number;
  suspicions: number;
  declaredDead: number;
  /** Times that this process did not run when it should have. */
  stalls: number;
  /** Messages that no sane peer sends, or that a limit refused. */
  refused: number;
};

/** What the step in progress has decided so far. */
export type Outbox = {
  packets: Packet[];
  pushPulls: { to: Member }[];
  streamPings: { to: Member; ping: Ping; until: Millis }[];
  events: GossipEvent[];
};

export type GossipState = {
  readonly config: GossipConfig;
  random: number;
  members: MemberTable;
  sequence: number;
  /** 0 is well. */
  healthScore: number;
  leaving: boolean;
  ackPayload: Uint8Array;
  walk: RandomWalk;
  probe: Probe | null;
  readonly suspicions: Map<NodeName, Suspicion>;
  /** Not after the earliest end of a suspicion. */
  suspicionsDueAt: Millis | null;
  /** By the sequence number of our ping. */
  readonly relays: Map<number, Relay>;
  /** memberlist's own messages; then serf's. */
  readonly membership: BroadcastQueue;
  readonly intents: BroadcastQueue;
  readonly queries: BroadcastQueue;
  readonly userEvents: BroadcastQueue;
  /** Null while there is nobody else. */
  probeDueAt: Millis | null;
  pushPullDueAt: Millis | null;
  /** Null while there is nothing to spread. Ticks stand on a grid that begins at gossipPhase. */
  gossipDueAt: Millis | null;
  gossipPhase: Millis;
  /** What the last step asked for: how late we are tells how well we are. */
  wakeAt: Millis | null;
  readonly counters: GossipCounters;
  outbox: Outbox;
};

export function emptyOutbox(): Outbox {
  return { packets: [], pushPulls: [], streamPings: [], events: [] };
}

/** A member that knows only itself. It stands in its own table without an event; its first incarnation is 1. */
export function newGossipState(
  config: GossipConfig,
  meta: Uint8Array,
  seed: number,
  now: Millis,
): GossipState {
  const members = newMemberTable();
  const { name, address, versions } = config;
  putMember(members, { name, address, meta, versions, incarnation: 1, state: "alive", stateChangedAt: now });
  return gossipStateWith(config, members, seed);
}

/** A member that starts with this table (the simulator's pools begin complete). It must hold the member itself. */
export function gossipStateWith(config: GossipConfig, members: MemberTable, seed: number): GossipState {
  assert(findMember(members, config.name) !== undefined, "a member knows itself");
  const first = nextRandom(seed | 0);
  return {
    config,
    random: first.state,
    members,
    sequence: Math.floor(first.value * 2 ** 32), // not to be guessed by who would answer for others
    healthScore: 0,
    leaving: false,
    ackPayload: new Uint8Array(0),
    walk: newRandomWalk(),
    probe: null,
    suspicions: new Map(),
    suspicionsDueAt: null,
    relays: new Map(),
    membership: newBroadcastQueue(),
    intents: newBroadcastQueue(),
    queries: newBroadcastQueue(),
    userEvents: newBroadcastQueue(),
    probeDueAt: null,
    pushPullDueAt: null,
    gossipDueAt: null,
    gossipPhase: 0,
    wakeAt: null,
    counters: {
      probes: 0,
      probesFailed: 0,
      probesSavedByStream: 0,
      refutations: 0,
      suspicions: 0,
      declaredDead: 0,
      stalls: 0,
      refused: 0,
    },
    outbox: emptyOutbox(),
  };
}

/** This node's own record. */
export function selfOf(state: GossipState): Member {
  const self = findMember(state.members, state.config.name);
  assert(self !== undefined, "a member knows itself");
  return self;
}

/** The next random number in [0, 1). */
export function draw(state: GossipState): number {
  const { value, state: seed } = nextRandom(state.random);
  state.random = seed;
  return value;
}

/** The next sequence number; 32 bits, as they are on the wire. */
export function nextSequence(state: GossipState): number {
  state.sequence = (state.sequence + 1) >>> 0;
  return state.sequence;
}
