// The nouns of the membership protocol: members, messages, and what the step takes and returns. Names are those of
// the SWIM and Lifeguard papers. Bytes are the business of shared/wire; nothing here is ever changed in place.

import type { Millis } from "../base/brand.ts";

export type NodeName = string;

/** 4 or 16 bytes as the owner advertised them: peers compare them byte for byte (IPv4-mapped is another address). */
export type GossipAddress = { readonly ip: Uint8Array; readonly port: number };

/** "left" is a death that the member itself has announced. */
export type MemberState = "alive" | "suspect" | "dead" | "left";

/** One member as this node knows it. Records are shared between tables and messages; a change makes a new one. */
export type Member = {
  readonly name: NodeName;
  readonly address: GossipAddress;
  /** Serf's tags, encoded; at most 512 bytes are ours to send. */
  readonly meta: Uint8Array;
  /** [pmin, pmax, pcur, dmin, dmax, dcur]: of memberlist, then of serf. */
  readonly versions: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
  readonly stateChangedAt: Millis;
};

// Messages. The numbers are memberlist's type bytes.

/** Who asks; answers go there. A peer may leave it out, then they go to where the packet came from. */
export type PingSource = { readonly node: NodeName; readonly address: GossipAddress };

/** 0: are you there? `node` is who is meant; "" is whoever listens. */
export type Ping = {
  readonly kind: "ping";
  readonly sequence: number;
  readonly node: NodeName;
  readonly source: PingSource | null;
};
/** 1: ask `target` for me; `nack` wants to be told of silence. */
export type IndirectPing = {
  readonly kind: "indirectPing";
  readonly sequence: number;
  readonly target: GossipAddress;
  readonly node: NodeName;
  readonly nack: boolean;
  readonly source: PingSource | null;
};
/** 2. The payload is empty in relayed acks and in those over a stream. */
export type Ack = { readonly kind: "ack"; readonly sequence: number; readonly payload: Uint8Array };
/** 11: the relay is well, the target is silent (Lifeguard, local health aware probe). */
export type Nack = { readonly kind: "nack"; readonly sequence: number };
/** 3. */
export type Suspect = {
  readonly kind: "suspect";
  readonly incarnation: number;
  readonly node: NodeName;
  readonly from: NodeName;
};
/** 4. */
export type Alive = {
  readonly kind: "alive";
  readonly incarnation: number;
  readonly node: NodeName;
  readonly address: GossipAddress;
  readonly meta: Uint8Array;
  readonly versions: Uint8Array;
};
/** 5. From the node itself it means that it left. */
export type Dead = {
  readonly kind: "dead";
  readonly incarnation: number;
  readonly node: NodeName;
  readonly from: NodeName;
};
/** 8: bytes for the layer above (serf: its type byte and a map). */
export type User = { readonly kind: "user"; readonly payload: Uint8Array };

/** What a packet carries, one or several of them. Frames (compound 7, compress 9, checksum 12, label 244,
 * encryption) are peeled and wrapped by shared/wire. */
export type PacketMessage = Ping | IndirectPing | Ack | Nack | Suspect | Alive | Dead | User;

/** A member in a push/pull. */
export type PushPullNode = {
  readonly name: NodeName;
  readonly address: GossipAddress;
  readonly meta: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
  readonly versions: Uint8Array;
};
/** 6. `userState` is serf's (empty for none). */
export type PushPull = {
  readonly kind: "pushPull";
  readonly join: boolean;
  readonly nodes: readonly PushPullNode[];
  readonly userState: Uint8Array;
};
/** 13. */
export type StreamError = { readonly kind: "error"; readonly message: string };

/** What opens or answers a stream, one message each way. */
export type StreamMessage = PushPull | Ping | Ack | User | StreamError;

// What the step takes.

/** Which broadcasts go first when a packet is full: membership, then serf's intents, queries, events. */
export type BroadcastPriority = "intent" | "query" | "event";

export type GossipInput =
  /** The deadline we asked for has come. */
  | { readonly kind: "wake" }
  /** A decoded packet. `from` is its sender's socket. The time of the step is when it was received. */
  | { readonly kind: "packet"; readonly from: GossipAddress; readonly messages: readonly PacketMessage[] }
  /** The other side's half of a push/pull: a request that we have answered, or the answer to ours. */
  | { readonly kind: "pushPull"; readonly message: PushPull }
  /** How the stream ping of effect `streamPings` ended. */
  | { readonly kind: "streamPinged"; readonly sequence: number; readonly ok: boolean }
  /** Spread a user message until it was sent often enough. `token`, if any, comes back in "transmitted" once. */
  | {
      readonly kind: "broadcast";
      readonly priority: BroadcastPriority;
      readonly payload: Uint8Array;
      readonly token: number | null;
    }
  /** Our own tags have changed: a new incarnation is announced. */
  | { readonly kind: "meta"; readonly meta: Uint8Array }
  /** What our acks carry from now on (serf: version byte and coordinate). */
  | { readonly kind: "ackPayload"; readonly payload: Uint8Array }
  /** Say goodbye; "left" follows when it was transmitted or nobody is there to hear it. Pings are still answered. */
  | { readonly kind: "leave" };

// What the step returns.

/** One datagram. `checksum`: the receiver understands type 12. At least one message; none is empty. */
export type Packet = {
  readonly to: GossipAddress;
  readonly checksum: boolean;
  readonly messages: readonly PacketMessage[];
};

/** What the layer above hears, in order. */
export type GossipEvent =
  | { readonly kind: "join"; readonly member: Member }
  /** `member.state` tells left from dead. */
  | { readonly kind: "leave"; readonly member: Member }
  /** Its meta has changed. */
  | { readonly kind: "update"; readonly member: Member }
  /** Somebody at another address claims this name and is refused. It may be our own name. */
  | { readonly kind: "conflict"; readonly existing: Member; readonly other: Alive }
  /** A user message, by packet; deduplication is the receiver's. */
  | { readonly kind: "user"; readonly payload: Uint8Array }
  /** The user half of a push/pull that was accepted. */
  | { readonly kind: "userState"; readonly userState: Uint8Array; readonly join: boolean }
  /** A member has answered a direct ping by packet: a sample for coordinates. */
  | {
      readonly kind: "pinged";
      readonly member: Member;
      readonly roundTripMillis: Millis;
      readonly payload: Uint8Array;
    }
  /** A broadcast with a token has been sent as often as it should, or was dropped. */
  | { readonly kind: "transmitted"; readonly token: number }
  /** Our goodbye has been transmitted. */
  | { readonly kind: "left" }
  /** A push/pull was refused as a whole, or a member was; for the log. */
  | { readonly kind: "refused"; readonly reason: string };

export type GossipEffects = {
  readonly packets: readonly Packet[];
  /** Exchange states with this member over a stream (the answer comes back as input "pushPull"). */
  readonly pushPulls: readonly { readonly to: Member }[];
  /** Ping over a stream, for members whose packets may be filtered; answer with "streamPinged" by `until`. */
  readonly streamPings: readonly { readonly to: Member; readonly ping: Ping; readonly until: Millis }[];
  readonly events: readonly GossipEvent[];
  /** The only timer there is. Null when there is nothing to wait for. */
  readonly wakeAt: Millis | null;
};
