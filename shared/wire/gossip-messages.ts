// memberlist's messages and their bytes: one type byte, then a map with Go's field names in byte order.
// Source: reference/gossip-protocol.md sections 2, 3 and 6. Called by gossip-packets.ts and gossip-streams.ts.

import { assertNever } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { GossipAddress, MemberState, PacketMessage, PingSource, PushPullNode } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import {
  encodeMsgpack,
  failReading,
  field,
  type MsgpackReader,
  type MsgpackValue,
  readBoolean,
  readBytes,
  readingResult,
  readInteger,
  readMsgpack,
  readStruct,
  readText,
  structFields,
  structValue,
} from "./gossip-msgpack.ts";

/** memberlist's type bytes. */
export const messageType = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  checksum: 12,
  error: 13,
  label: 244,
} as const;

export const uint32Max = 0xffffffff;
const uint16Max = 0xffff;

// ---- writing

/** The type byte and a map. */
export function encodeTyped(type: number, fields: Readonly<Record<string, MsgpackValue>>): Uint8Array {
  return concatBytes([Uint8Array.of(type), encodeMsgpack(structValue(fields))]);
}

/** One message as part of a packet, or alone in one. */
export function encodePacketMessage(message: PacketMessage): Uint8Array {
  switch (message.kind) {
    case "ping":
      return encodeTyped(messageType.ping, {
        SeqNo: message.sequence,
        Node: message.node,
        ...sourceFields(message.source),
      });
    case "indirectPing":
      return encodeTyped(messageType.indirectPing, {
        SeqNo: message.sequence,
        Target: message.target.ip,
        Port: message.target.port,
        Node: message.node,
        Nack: message.nack,
        ...sourceFields(message.source),
      });
    case "ack":
      return encodeTyped(messageType.ack, {
        SeqNo: message.sequence,
        Payload: message.payload.length === 0 ? null : message.payload,
      });
    case "nack":
      return encodeTyped(messageType.nack, { SeqNo: message.sequence });
    case "suspect":
    case "dead":
      return encodeTyped(messageType[message.kind], {
        Incarnation: message.incarnation,
        Node: message.node,
        From: message.from,
      });
    case "alive":
      return encodeTyped(messageType.alive, {
        Incarnation: message.incarnation,
        Node: message.node,
        Addr: message.address.ip,
        Port: message.address.port,
        Meta: message.meta,
        Vsn: message.versions,
      });
    case "user":
      return concatBytes([Uint8Array.of(messageType.user), message.payload]);
    default:
      return assertNever(message);
  }
}

function sourceFields(source: PingSource | null): Record<string, MsgpackValue> {
  if (source === null) return {};
  return { SourceAddr: source.address.ip, SourcePort: source.address.port, SourceNode: source.node };
}

const stateNumbers: readonly MemberState[] = ["alive", "suspect", "dead", "left"];

/** A member in a push/pull. */
export function pushPullNodeValue(node: PushPullNode): MsgpackValue {
  return structValue({
    Name: node.name,
    Addr: node.address.ip,
    Port: node.address.port,
    Meta: node.meta,
    Incarnation: node.incarnation,
    State: stateNumbers.indexOf(node.state),
    Vsn: node.versions,
  });
}

// ---- reading

/** Every field that any of the messages has; what a message leaves out stays empty, as in Go. */
type Fields = {
  sequence: number;
  node: string;
  target: Uint8Array;
  port: number;
  nack: boolean;
  payload: Uint8Array;
  incarnation: number;
  from: string;
  ip: Uint8Array;
  meta: Uint8Array;
  versions: Uint8Array;
  state: number;
  sourceIp: Uint8Array;
  sourcePort: number;
  sourceNode: string;
};

const nothing = new Uint8Array(0);

function noFields(): Fields {
  return {
    sequence: 0,
    node: "",
    target: nothing,
    port: 0,
    nack: false,
    payload: nothing,
    incarnation: 0,
    from: "",
    ip: nothing,
    meta: nothing,
    versions: nothing,
    state: 0,
    sourceIp: nothing,
    sourcePort: 0,
    sourceNode: "",
  };
}

const readName = (reader: MsgpackReader) => readText(reader, limits.gossipNameBytesMax);
const readIp = (reader: MsgpackReader) => readBytes(reader, 16);

const fieldReaders = structFields<Fields>({
  SeqNo: field("sequence", (reader) => readInteger(reader, uint32Max)),
  Node: field("node", readName),
  Name: field("node", readName),
  Target: field("target", readIp),
  Port: field("port", (reader) => readInteger(reader, uint16Max)),
  Nack: field("nack", readBoolean),
  Payload: field("payload", (reader) => readBytes(reader, limits.gossipDatagramBytesMax)),
  Incarnation: field("incarnation", (reader) => readInteger(reader, uint32Max)),
  From: field("from", readName),
  Addr: field("ip", readIp),
  Meta: field("meta", (reader) => readBytes(reader, limits.gossipForeignMetaBytesMax)),
  Vsn: field("versions", (reader) => readBytes(reader, 16)),
  State: field("state", (reader) => readInteger(reader, stateNumbers.length - 1)),
  SourceAddr: field("sourceIp", readIp),
  SourcePort: field("sourcePort", (reader) => readInteger(reader, uint16Max)),
  SourceNode: field("sourceNode", readName),
});

/** One message that is neither compound nor compressed, or why it is none. */
export function decodePacketMessage(bytes: Uint8Array): Result<PacketMessage, string> {
  const type = bytes[0];
  if (type === undefined) return fail("an empty message");
  if (type === messageType.user) return ok({ kind: "user", payload: bytes.slice(1) });
  const reader = readMsgpack(bytes, 1);
  const message = readTyped(reader, type);
  return message === null ? fail(reader.failure ?? `message type ${type} is unknown here`) : ok(message);
}

/** The ping or ack of a stream at the reader's place; null when it is another type or broken. */
export function readTyped(reader: MsgpackReader, type: number): PacketMessage | null {
  const kind = packetKinds[type];
  if (kind === undefined) return null;
  const fields = readStruct(reader, noFields(), fieldReaders);
  const message = fromFields(kind, fields, reader);
  return reader.failure === null ? message : null;
}

type MapKind = Exclude<PacketMessage["kind"], "user">;
const packetKinds: Readonly<Record<number, MapKind>> = {
  [messageType.ping]: "ping",
  [messageType.indirectPing]: "indirectPing",
  [messageType.ack]: "ack",
  [messageType.nack]: "nack",
  [messageType.suspect]: "suspect",
  [messageType.alive]: "alive",
  [messageType.dead]: "dead",
};

function fromFields(kind: MapKind, fields: Fields, reader: MsgpackReader): PacketMessage {
  const { sequence, node, incarnation, from } = fields;
  switch (kind) {
    case "ping":
      return { kind, sequence, node, source: sourceOf(fields, reader) };
    case "indirectPing": {
      const target = address(reader, fields.target, fields.port);
      return { kind, sequence, target, node, nack: fields.nack, source: sourceOf(fields, reader) };
    }
    case "ack":
      return { kind, sequence, payload: fields.payload.slice() };
    case "nack":
      return { kind, sequence };
    case "suspect":
    case "dead":
      needName(reader, node);
      return { kind, incarnation, node, from };
    case "alive":
      needName(reader, node);
      return {
        kind,
        incarnation,
        node,
        address: address(reader, fields.ip, fields.port),
        meta: fields.meta.slice(),
        versions: fields.versions.slice(),
      };
    default:
      return assertNever(kind);
  }
}

/** A member of a push/pull. */
export function readPushPullNode(reader: MsgpackReader): Result<PushPullNode, string> {
  const fields = readStruct(reader, noFields(), fieldReaders);
  needName(reader, fields.node);
  return readingResult(reader, {
    name: fields.node,
    address: address(reader, fields.ip, fields.port),
    meta: fields.meta.slice(),
    incarnation: fields.incarnation,
    state: stateNumbers[fields.state] ?? "dead",
    versions: fields.versions.slice(),
  });
}

/** Who is asked to be answered; both address and port must be there, else the answer goes to where the packet came from. */
function sourceOf(fields: Fields, reader: MsgpackReader): PingSource | null {
  if (fields.sourceIp.length === 0 || fields.sourcePort === 0) return null;
  return { node: fields.sourceNode, address: address(reader, fields.sourceIp, fields.sourcePort) };
}

/** An address that is neither IPv4 nor IPv6 is dialled for ever by agents that take it: it is refused here. */
function address(reader: MsgpackReader, ip: Uint8Array, port: number): GossipAddress {
  if (ip.length !== 4 && ip.length !== 16) failReading(reader, `an address of ${ip.length} bytes`);
  return { ip: ip.slice(), port };
}

function needName(reader: MsgpackReader, name: string): void {
  if (name === "") failReading(reader, "a member without a name");
}
