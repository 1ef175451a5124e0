// serf's messages and their bytes: one type byte and a map, the payload of memberlist's user messages.
// Source: reference/gossip-protocol.md section 11. Called by agent/gossip and, for nested payloads, serf-payloads.ts.

import { assertNever } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { GossipAddress } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import type { EventsAtTime, LamportTime, SerfMessage, SerfState } from "../serf/types.ts";
import { encodeTyped, uint32Max } from "./gossip-messages.ts";
import {
  counterMax,
  failReading,
  field,
  type MsgpackReader,
  type MsgpackValue,
  readBoolean,
  readBytes,
  readBytesOrNil,
  readingResult,
  readInteger,
  readList,
  readMap,
  readMsgpack,
  readStruct,
  readText,
  skipValue,
  structFields,
  structValue,
} from "./gossip-msgpack.ts";

/** serf's type bytes. 6, 7 and 8 only occur inside the payloads of queries (serf-payloads.ts). */
export const serfType = {
  leave: 0,
  join: 1,
  pushPull: 2,
  userEvent: 3,
  query: 4,
  queryResponse: 5,
  conflictResponse: 6,
  keyRequest: 7,
  keyResponse: 8,
  relay: 9,
} as const;

// ---- writing

export function encodeSerfMessage(message: SerfMessage): Uint8Array {
  switch (message.kind) {
    case "leave":
      return encodeTyped(serfType.leave, { LTime: message.time, Node: message.node, Prune: message.prune });
    case "join":
      return encodeTyped(serfType.join, { LTime: message.time, Node: message.node });
    case "pushPull":
      return encodeState(message);
    case "userEvent":
      return encodeTyped(serfType.userEvent, {
        LTime: message.time,
        Name: message.name,
        Payload: message.payload,
        CC: message.coalesce,
      });
    case "query":
      return encodeTyped(serfType.query, {
        LTime: message.time,
        ID: message.id,
        Addr: message.source.ip,
        Port: message.source.port,
        SourceNode: message.sourceNode,
        Filters: message.filters.length === 0 ? null : message.filters,
        Flags: message.flags,
        RelayFactor: message.relayFactor,
        Timeout: message.timeoutNanos,
        Name: message.name,
        Payload: message.payload,
      });
    case "queryResponse":
      return encodeTyped(serfType.queryResponse, {
        LTime: message.time,
        ID: message.id,
        From: message.from,
        Flags: message.flags,
        Payload: message.payload,
      });
    case "relay": {
      const address = structValue({ IP: message.to.ip, Port: message.to.port, Zone: "" });
      const head = encodeTyped(serfType.relay, { DestAddr: address, DestName: message.toName });
      return concatBytes([head, message.inner]);
    }
    default:
      return assertNever(message);
  }
}

function encodeState(state: SerfState): Uint8Array {
  const events = state.events.map((slot): MsgpackValue => {
    if (slot === null) return null;
    const list = slot.events.map(({ name, payload }) => structValue({ Name: name, Payload: payload }));
    return structValue({ LTime: slot.time, Events: list });
  });
  return encodeTyped(serfType.pushPull, {
    LTime: state.time,
    StatusLTimes: state.statusTimes,
    LeftMembers: state.leftMembers,
    EventLTime: state.eventTime,
    Events: events,
    QueryLTime: state.queryTime,
  });
}

// ---- reading

/** The fields of all of them but the push/pull; what a message leaves out stays empty, as in Go. */
type Fields = {
  time: LamportTime;
  node: string;
  prune: boolean;
  name: string;
  payload: Uint8Array | null;
  coalesce: boolean;
  id: number;
  ip: Uint8Array;
  port: number;
  sourceNode: string;
  filters: Uint8Array[];
  flags: number;
  relayFactor: number;
  timeoutNanos: number;
  from: string;
  toName: string;
};

/** The message, or why it is dropped. */
export function decodeSerfMessage(bytes: Uint8Array): Result<SerfMessage, string> {
  const type = bytes[0];
  if (type === undefined) return fail("an empty serf message");
  const reader = readMsgpack(bytes, 1);
  if (type === serfType.pushPull) return decodeState(reader);
  const fields = readStruct(reader, noFields(), fieldReaders);
  return reader.failure === null ? fromFields(type, fields, reader) : fail(reader.failure);
}

function fromFields(type: number, fields: Fields, reader: MsgpackReader): Result<SerfMessage, string> {
  const { time, id, flags, payload } = fields;
  switch (type) {
    case serfType.leave:
      if (fields.node === "") return fail("a leave intent about nobody");
      return ok({ kind: "leave", time, node: fields.node, prune: fields.prune });
    case serfType.join:
      if (fields.node === "") return fail("a join intent about nobody");
      return ok({ kind: "join", time, node: fields.node });
    case serfType.userEvent:
      return ok({ kind: "userEvent", time, name: fields.name, payload, coalesce: fields.coalesce });
    case serfType.query: {
      const { sourceNode, filters, relayFactor, timeoutNanos, name } = fields;
      const source = addressOf(fields, reader);
      const head = { kind: "query" as const, time, id, source, sourceNode, filters, flags };
      return readingResult(reader, { ...head, relayFactor, timeoutNanos, name, payload });
    }
    case serfType.queryResponse:
      return ok({ kind: "queryResponse", time, id, from: fields.from, flags, payload });
    case serfType.relay: {
      const inner = reader.bytes.slice(reader.at);
      if (inner.length === 0) return fail("a relay of nothing");
      const to = addressOf(fields, reader);
      return readingResult(reader, { kind: "relay" as const, to, toName: fields.toName, inner });
    }
    default:
      return fail(`serf message type ${type} is unknown here`);
  }
}

function addressOf(fields: Fields, reader: MsgpackReader): GossipAddress {
  if (fields.ip.length !== 4 && fields.ip.length !== 16) {
    failReading(reader, `an address of ${fields.ip.length} bytes`);
  }
  return { ip: fields.ip, port: fields.port };
}

const uint16Max = 0xffff;
const readName = (reader: MsgpackReader) => readText(reader, limits.gossipNameBytesMax);
const readTime = (reader: MsgpackReader) => readInteger(reader, counterMax);
const readPayload = (reader: MsgpackReader) =>
  readBytesOrNil(reader, limits.gossipDatagramBytesMax)?.slice() ?? null;

function noFields(): Fields {
  return {
    time: 0,
    node: "",
    prune: false,
    name: "",
    payload: null,
    coalesce: false,
    id: 0,
    ip: new Uint8Array(0),
    port: 0,
    sourceNode: "",
    filters: [],
    flags: 0,
    relayFactor: 0,
    timeoutNanos: 0,
    from: "",
    toName: "",
  };
}

const fieldReaders = structFields<Fields>({
  LTime: field("time", readTime),
  Node: field("node", readName),
  Prune: field("prune", readBoolean),
  Name: field("name", (reader) => readText(reader, limits.gossipDatagramBytesMax)),
  Payload: field("payload", readPayload),
  CC: field("coalesce", readBoolean),
  ID: field("id", (reader) => readInteger(reader, uint32Max)),
  Addr: field("ip", (reader) => readBytes(reader, 16).slice()),
  Port: field("port", (reader) => readInteger(reader, uint16Max)),
  SourceNode: field("sourceNode", readName),
  Filters: (fields, reader) => {
    readList(reader, limits.serfQueryFiltersMax, () => {
      fields.filters.push(readBytes(reader, limits.gossipDatagramBytesMax).slice());
    });
  },
  Flags: field("flags", (reader) => readInteger(reader, uint32Max)),
  RelayFactor: field("relayFactor", (reader) => readInteger(reader, 255)),
  Timeout: field("timeoutNanos", (reader) => readInteger(reader, counterMax)),
  From: field("from", readName),
  DestName: field("toName", readName),
  DestAddr: (fields, reader) => {
    readMap(reader, (key) => {
      if (key === "IP") fields.ip = readBytes(reader, 16).slice();
      else if (key === "Port") fields.port = readInteger(reader, uint16Max);
      else skipValue(reader);
    });
  },
});

function decodeState(reader: MsgpackReader): Result<SerfState, string> {
  let time = 0;
  let eventTime = 0;
  let queryTime = 0;
  const statusTimes = new Map<string, LamportTime>();
  const leftMembers: string[] = [];
  const events: (EventsAtTime | null)[] = [];
  readMap(reader, (key) => {
    if (key === "LTime") time = readTime(reader);
    else if (key === "EventLTime") eventTime = readTime(reader);
    else if (key === "QueryLTime") queryTime = readTime(reader);
    else if (key === "StatusLTimes") readMap(reader, (name) => statusTimes.set(name, readTime(reader)));
    else if (key === "LeftMembers") {
      readList(reader, limits.gossipPushPullNodesMax, () => leftMembers.push(readName(reader)));
    } else if (key === "Events") {
      readList(reader, limits.serfEventBufferSlots, () => events.push(readSlot(reader)));
    } else skipValue(reader);
  });
  if (statusTimes.size > limits.gossipPushPullNodesMax) failReading(reader, "too many members");
  return readingResult(reader, {
    kind: "pushPull",
    time,
    statusTimes,
    leftMembers,
    eventTime,
    events,
    queryTime,
  });
}

function readSlot(reader: MsgpackReader): EventsAtTime | null {
  if (reader.bytes[reader.at] === 0xc0) {
    skipValue(reader);
    return null;
  }
  let time = 0;
  const events: { name: string; payload: Uint8Array | null }[] = [];
  readMap(reader, (key) => {
    if (key === "LTime") time = readTime(reader);
    else if (key === "Events") {
      readList(reader, limits.serfEventsPerTimeMax, () => events.push(readEvent(reader)));
    } else skipValue(reader);
  });
  return { time, events };
}

function readEvent(reader: MsgpackReader): { name: string; payload: Uint8Array | null } {
  const event: { name: string; payload: Uint8Array | null } = { name: "", payload: null };
  readMap(reader, (key) => {
    if (key === "Name") event.name = readText(reader, limits.gossipDatagramBytesMax);
    else if (key === "Payload") event.payload = readPayload(reader);
    else skipValue(reader);
  });
  return event;
}
