// The nouns of serf, the layer above membership: intents, user events, queries, keys. Bytes are shared/wire's business.
// Names are those of serf's own messages; numbers and fields: reference/gossip-protocol.md section 11.

import type { GossipAddress, NodeName } from "../gossip/types.ts";

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
