// SerfState: what one member knows above membership, its settings, and how it starts. Changed in place, only by the
// files of this folder.

import type { Millis } from "../base/brand.ts";
import { nextRandom } from "../base/prng.ts";
import { type CoordinateClient, coordinateClient } from "../coordinate/client.ts";
import type { Coordinate } from "../structs/coordinate.ts";
import type { GossipAddress, GossipInput, NodeName } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import type { Keyring } from "../structs/keyring.ts";
import { clockStart } from "./lamport.ts";
import type { EventsAtTime, LamportTime, SerfCodec, SerfEvent, SerfMember, Tags } from "./types.ts";

export type SerfConfig = {
  readonly name: NodeName;
  readonly address: GossipAddress;
  readonly codec: SerfCodec;
  readonly userEventBytesMax: number;
  readonly queryBytesMax: number;
  readonly queryResponseBytesMax: number;
  /** A failed member is forgotten after this; Consul's reconnect_timeout. */
  readonly reconnectTimeoutMillis: Millis;
  /** A member that left is forgotten after this. */
  readonly tombstoneTimeoutMillis: Millis;
  readonly reapIntervalMillis: Millis;
  readonly reconnectIntervalMillis: Millis;
  /** How long an intent about somebody unknown is kept. */
  readonly intentTimeoutMillis: Millis;
  /** How long leaving waits for each of its two messages. */
  readonly broadcastTimeoutMillis: Millis;
  /** How long pings are still answered after the goodbye. */
  readonly leavePropagateMillis: Millis;
  /** The default timeout of a query is 16 of these for each power of ten of members. */
  readonly gossipIntervalMillis: Millis;
  /** Ask the others who may keep a name that two claim. Consul leaves it to its catalog. */
  readonly resolveConflicts: boolean;
};

/** serf's defaults where Consul has none of its own (reference/gossip-protocol.md 11.12, surface G1). */
export const consulSerfDefaults = {
  userEventBytesMax: 512,
  queryBytesMax: 1024,
  queryResponseBytesMax: 1024,
  reconnectTimeoutMillis: 72 * 3_600_000,
  tombstoneTimeoutMillis: 24 * 3_600_000,
  reapIntervalMillis: 15_000,
  reconnectIntervalMillis: 30_000,
  intentTimeoutMillis: 300_000,
  broadcastTimeoutMillis: 5_000,
  leavePropagateMillis: 3_000,
  gossipIntervalMillis: 200,
  resolveConflicts: false,
} as const;

/** The newest intent about a member that is not known yet. */
export type BufferedIntent = {
  readonly kind: "join" | "leave";
  readonly time: LamportTime;
  readonly expiresAt: Millis;
};

/** A query that somebody else asked and that the application may still answer. */
export type OpenQuery = {
  readonly source: GossipAddress;
  readonly relayFactor: number;
  readonly deadline: Millis;
};

/** A query of our own. */
export type OwnQuery = {
  readonly token: number;
  readonly time: LamportTime;
  readonly deadline: Millis;
  readonly responsesWanted: number;
  readonly acks: Set<NodeName>;
  readonly responses: Set<NodeName>;
};

/** The votes of the conflict query under way (name-conflict.ts). */
export type NameVote = { readonly token: number; responses: number; matching: number };

export type Leaving =
  | { readonly stage: "intent" | "goodbye" | "linger"; readonly until: Millis; readonly token: number }
  | { readonly stage: "left" };

export type SerfOutbox = {
  gossip: GossipInput[];
  sends: { to: GossipAddress; payload: Uint8Array }[];
  reconnects: { name: NodeName; address: GossipAddress }[];
  keyring: Keyring | null;
  events: SerfEvent[];
  remember: boolean;
  refused: string | null;
};

export type SerfState = {
  readonly config: SerfConfig;
  random: number;
  clock: LamportTime;
  eventClock: LamportTime;
  queryClock: LamportTime;
  /** Ourselves, too. */
  readonly members: Map<NodeName, SerfMember>;
  readonly intents: Map<NodeName, BufferedIntent>;
  /** Rings by time: what was seen, so that it is taken once. */
  readonly events: (EventsAtTime | null)[];
  readonly queryIds: ({ readonly time: LamportTime; readonly ids: number[] } | null)[];
  eventTimeMin: LamportTime;
  queryTimeMin: LamportTime;
  ignoreOldEvents: boolean;
  readonly openQueries: Map<string, OpenQuery>;
  readonly ownQueries: Map<number, OwnQuery>;
  keyring: Keyring;
  coordinates: CoordinateClient;
  /** What others say of themselves, as their acks carried it. */
  readonly peerCoordinates: Map<NodeName, Coordinate>;
  nameVote: NameVote | null;
  leaving: Leaving | null;
  /** Tokens of broadcasts that somebody waits for. */
  nextToken: number;
  reapAt: Millis;
  reconnectAt: Millis;
  /** Messages that were dropped: broken, or beyond a limit. */
  refusedCount: number;
  outbox: SerfOutbox;
};

export function emptySerfOutbox(): SerfOutbox {
  return { gossip: [], sends: [], reconnects: [], keyring: null, events: [], remember: false, refused: null };
}

export type SerfStart = {
  readonly tags: Tags;
  readonly versions: Uint8Array;
  readonly keyring: Keyring;
  /** Clocks of an earlier life (rejoin.ts); null for none. */
  readonly clocks: { readonly clock: number; readonly event: number; readonly query: number } | null;
  readonly seed: number;
  readonly now: Millis;
};

/** A member that knows only itself. */
export function newSerfState(config: SerfConfig, start: SerfStart): SerfState {
  const { name, address, codec } = config;
  const { tags, versions, clocks, now } = start;
  const meta = codec.encodeTags(tags);
  const self: SerfMember = {
    name,
    address,
    meta,
    tags,
    status: "alive",
    statusTime: 0,
    versions,
    leftAt: 0,
    prune: false,
  };
  return {
    config,
    random: start.seed | 0,
    clock: Math.max(clockStart, (clocks?.clock ?? 0) + 1),
    eventClock: Math.max(clockStart, (clocks?.event ?? 0) + 1),
    queryClock: Math.max(clockStart, (clocks?.query ?? 0) + 1),
    members: new Map([[name, self]]),
    intents: new Map(),
    events: new Array<EventsAtTime | null>(limits.serfEventBufferSlots).fill(null),
    queryIds: new Array<null>(limits.serfEventBufferSlots).fill(null),
    eventTimeMin: clocks === null ? 0 : clocks.event + 1,
    queryTimeMin: clocks === null ? 0 : clocks.query + 1,
    ignoreOldEvents: false,
    openQueries: new Map(),
    ownQueries: new Map(),
    keyring: start.keyring,
    coordinates: coordinateClient(start.seed),
    peerCoordinates: new Map(),
    nameVote: null,
    leaving: null,
    nextToken: 0,
    reapAt: now + config.reapIntervalMillis,
    reconnectAt: now + config.reconnectIntervalMillis,
    refusedCount: 0,
    outbox: emptySerfOutbox(),
  };
}

/** The next random number in [0, 1). */
export function draw(state: SerfState): number {
  const { value, state: seed } = nextRandom(state.random);
  state.random = seed;
  return value;
}

export function emit(state: SerfState, event: SerfEvent): void {
  state.outbox.events.push(event);
}

export function membersWith(state: SerfState, status: SerfMember["status"]): SerfMember[] {
  return [...state.members.values()].filter((member) => member.status === status);
}

/** Somebody else is here to hear us. */
export function hasAliveOthers(state: SerfState): boolean {
  for (const member of state.members.values()) {
    if (member.status === "alive" && member.name !== state.config.name) return true;
  }
  return false;
}
