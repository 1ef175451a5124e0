// The nouns of serf, the layer above membership: intents, user events, queries, keys. Bytes are shared/wire's business.
// Names are those of serf's own messages; numbers and fields: reference/gossip-protocol.md section 11.

import type { Millis } from "../base/brand.ts";
import type { Result } from "../base/result.ts";
import type { GossipAddress, GossipEvent, GossipInput, NodeName } from "../gossip/types.ts";
import type { Coordinate } from "../structs/coordinate.ts";
import type { Keyring } from "../structs/keyring.ts";

/** A count of one of serf's three logical clocks (members, events, queries). */
export type LamportTime = number;

/** 0: `node` is about to leave; with `prune` it is to be forgotten at once. */
export type LeaveIntent = {
  readonly kind: "leave";
  readonly time: LamportTime;
  readonly node: NodeName;
  readonly prune: boolean;
};
/** 1: `node` is here to stay. */
export type JoinIntent = { readonly kind: "join"; readonly time: LamportTime; readonly node: NodeName };

/** User events of one time, as the push/pull's buffer holds them. */
export type EventsAtTime = {
  readonly time: LamportTime;
  readonly events: readonly { readonly name: string; readonly payload: Uint8Array | null }[];
};

/** 2: the user half of a push/pull. */
export type SerfState = {
  readonly kind: "pushPull";
  readonly time: LamportTime;
  readonly statusTimes: ReadonlyMap<NodeName, LamportTime>;
  readonly leftMembers: readonly NodeName[];
  readonly eventTime: LamportTime;
  /** The ring buffer; null where a slot is empty. */
  readonly events: readonly (EventsAtTime | null)[];
  readonly queryTime: LamportTime;
};

/** 3. `coalesce`: of several with this name within the window only the newest counts. */
export type UserEventMessage = {
  readonly kind: "userEvent";
  readonly time: LamportTime;
  readonly name: string;
  readonly payload: Uint8Array | null;
  readonly coalesce: boolean;
};

/** Bits of a query's flags. */
export const queryFlag = { acknowledge: 1, doNotBroadcast: 2 } as const;

/** 4: a question to all members that pass the filters; they answer straight to `source`. */
export type QueryMessage = {
  readonly kind: "query";
  readonly time: LamportTime;
  readonly id: number;
  readonly source: GossipAddress;
  readonly sourceNode: NodeName;
  /** Encoded filters, none of them empty. */
  readonly filters: readonly Uint8Array[];
  readonly flags: number;
  readonly relayFactor: number;
  readonly timeoutNanos: number;
  readonly name: string;
  readonly payload: Uint8Array | null;
};

/** 5: an acknowledgement (flag 1) or an answer. */
export type QueryResponseMessage = {
  readonly kind: "queryResponse";
  readonly time: LamportTime;
  readonly id: number;
  readonly from: NodeName;
  readonly flags: number;
  readonly payload: Uint8Array | null;
};

/** 9: pass `inner` (a serf message with its type byte) on to another member. */
export type RelayMessage = {
  readonly kind: "relay";
  readonly to: GossipAddress;
  readonly toName: NodeName;
  readonly inner: Uint8Array;
};

export type SerfMessage =
  | LeaveIntent
  | JoinIntent
  | SerfState
  | UserEventMessage
  | QueryMessage
  | QueryResponseMessage
  | RelayMessage;

/** Who a query is for: these names, or members whose tag fits the regular expression. */
export type QueryFilter =
  | { readonly kind: "nodes"; readonly nodes: readonly NodeName[] }
  | { readonly kind: "tag"; readonly tag: string; readonly expression: string };

export type Tags = ReadonlyMap<string, string>;

/** none: not known yet. The numbers on the wire and in Consul's API are the positions in this list. */
export const memberStatuses = ["none", "alive", "leaving", "left", "failed"] as const;
export type MemberStatus = (typeof memberStatuses)[number];

/** What answers `_serf_conflict`: a member as its peer sees it. */
export type ConflictMember = {
  readonly name: NodeName;
  readonly address: GossipAddress;
  readonly tags: Tags;
  readonly status: MemberStatus;
  /** [pmin, pmax, pcur, dmin, dmax, dcur]. */
  readonly versions: Uint8Array;
};

/** What answers the key queries. Keys in base64. */
export type KeyResponse = {
  readonly result: boolean;
  readonly message: string;
  readonly keys: readonly string[];
  readonly primaryKey: string;
};

/** Bytes of the messages, given to the pure steps from outside (shared/wire/serf-codec.ts): wire is above this folder. */
export type SerfCodec = {
  encode(message: SerfMessage): Uint8Array;
  decode(bytes: Uint8Array): Result<SerfMessage, string>;
  encodeTags(tags: Tags): Uint8Array;
  decodeTags(meta: Uint8Array): Tags;
  encodeFilter(filter: QueryFilter): Uint8Array;
  decodeFilter(bytes: Uint8Array): Result<QueryFilter, string>;
  encodeConflictResponse(member: ConflictMember | null): Uint8Array;
  decodeConflictResponse(payload: Uint8Array): Result<ConflictMember | null, string>;
  encodeKeyRequest(key: Uint8Array): Uint8Array;
  decodeKeyRequest(payload: Uint8Array): Result<Uint8Array, string>;
  encodeKeyResponse(response: KeyResponse): Uint8Array;
  decodeKeyResponse(payload: Uint8Array): Result<KeyResponse, string>;
  encodeAckPayload(coordinate: Coordinate): Uint8Array;
  decodeAckPayload(payload: Uint8Array): Result<Coordinate, string>;
};

/** A member as serf sees it. A change makes a new record. */
export type SerfMember = {
  readonly name: NodeName;
  readonly address: GossipAddress;
  readonly meta: Uint8Array;
  readonly tags: Tags;
  readonly status: MemberStatus;
  /** Time of the newest intent about it. */
  readonly statusTime: LamportTime;
  readonly versions: Uint8Array;
  /** When it left or failed; 0 while it is here. */
  readonly leftAt: Millis;
  /** It is to be forgotten as soon as it has left. */
  readonly prune: boolean;
};

// What the step takes.

export type QueryRequest = {
  readonly name: string;
  readonly payload: Uint8Array | null;
  readonly filters: readonly QueryFilter[];
  readonly acknowledge: boolean;
  readonly relayFactor: number;
  /** 0: the default, which grows with the number of members. */
  readonly timeoutMillis: Millis;
  /** The query ends early when so many members have answered; 0: it takes its time. */
  readonly responsesWanted: number;
};

export type SerfInput =
  /** The deadline we asked for has come. */
  | { readonly kind: "wake" }
  /** The membership core is there. */
  | { readonly kind: "started" }
  /** What the membership core reports. */
  | { readonly kind: "gossip"; readonly event: GossipEvent }
  /** A join begins. With `ignoreOldEvents` what was fired before it is not delivered. */
  | { readonly kind: "joining"; readonly ignoreOldEvents: boolean }
  /** A join has reached somebody: all are told that we are here to stay. */
  | { readonly kind: "joined" }
  /** Leave in order; the event "left" says when the process may end. */
  | { readonly kind: "leave" }
  /** A failed member is not expected back; with `prune` it is forgotten at once. */
  | { readonly kind: "forceLeave"; readonly node: NodeName; readonly prune: boolean }
  | {
      readonly kind: "userEvent";
      readonly name: string;
      readonly payload: Uint8Array | null;
      readonly coalesce: boolean;
    }
  /** Ask; answers come as events with this token. */
  | { readonly kind: "query"; readonly token: number; readonly query: QueryRequest }
  /** Answer a query that came as an event. */
  | { readonly kind: "respond"; readonly query: QueryKey; readonly payload: Uint8Array }
  | { readonly kind: "tags"; readonly tags: Tags };

/** Which query. */
export type QueryKey = { readonly time: LamportTime; readonly id: number };

// What the step returns.

export type SerfEvent =
  | {
      readonly kind: "memberJoin" | "memberLeave" | "memberFailed" | "memberUpdate" | "memberReap";
      readonly member: SerfMember;
    }
  | {
      readonly kind: "userEvent";
      readonly time: LamportTime;
      readonly name: string;
      readonly payload: Uint8Array | null;
      readonly coalesce: boolean;
    }
  /** Somebody asks; answer with input "respond" before the deadline. */
  | {
      readonly kind: "query";
      readonly query: QueryKey;
      readonly name: string;
      readonly payload: Uint8Array | null;
      readonly from: NodeName;
      readonly deadline: Millis;
    }
  | { readonly kind: "queryAck"; readonly token: number; readonly from: NodeName }
  | {
      readonly kind: "queryResponse";
      readonly token: number;
      readonly from: NodeName;
      readonly payload: Uint8Array | null;
    }
  /** Nothing more comes for this query. */
  | { readonly kind: "queryDone"; readonly token: number }
  /** We have left: the process may end. */
  | { readonly kind: "left" }
  /** Our name belongs to somebody else; the majority says so. The process should end without leaving. */
  | { readonly kind: "nameLost" }
  /** For the log. */
  | { readonly kind: "warning"; readonly text: string };

export type SerfEffects = {
  /** Inputs for the membership core, in this order. */
  readonly gossip: readonly GossipInput[];
  /** User messages that go straight to one address. */
  readonly sends: readonly { readonly to: GossipAddress; readonly payload: Uint8Array }[];
  /** Members to exchange states with as in a join: they failed and may be back. */
  readonly reconnects: readonly { readonly name: NodeName; readonly address: GossipAddress }[];
  /** The keyring has become this one: use it and write it down. Null when nothing changed. */
  readonly keyring: Keyring | null;
  readonly events: readonly SerfEvent[];
  /** What a restart must know has changed: write the rejoin file soon. */
  readonly remember: boolean;
  /** Why the input was refused, in serf's words; null when it was taken. */
  readonly refused: string | null;
  readonly wakeAt: Millis | null;
};
