// What serf packs inside other messages: tags in a member's meta, query filters, answers about names and keys,
// and the coordinate in an ack. Source: reference/gossip-protocol.md sections 11.1, 11.7, 11.8, 11.10 and 12.

import { concatBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { limits } from "../limits.ts";
import {
  type ConflictMember,
  type KeyResponse,
  memberStatuses,
  type QueryFilter,
  type Tags,
} from "../serf/types.ts";
import type { Coordinate } from "../structs/coordinate.ts";
import { encodeTyped } from "./gossip-messages.ts";
import {
  encodeMsgpack,
  failReading,
  type MsgpackReader,
  readBoolean,
  readBytes,
  readInteger,
  readingResult,
  readList,
  readMap,
  readMsgpack,
  readNumber,
  readText,
  skipValue,
  structValue,
} from "./gossip-msgpack.ts";
import { serfType } from "./serf-messages.ts";

// ---- tags

const tagMagic = 0xff;
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** The meta of a member with these tags, in their order: keep it stable, peers compare bytes. */
export function encodeTags(tags: Tags): Uint8Array {
  return concatBytes([Uint8Array.of(tagMagic), encodeMsgpack(tags)]);
}

/** Tags of a meta; without the magic byte all of it is the role, as before serf had tags. */
export function decodeTags(meta: Uint8Array): Tags {
  if (meta.length === 0 || meta[0] !== tagMagic) return new Map([["role", lenient.decode(meta)]]);
  const reader = readMsgpack(meta, 1);
  const tags = readTags(reader);
  return reader.failure === null ? tags : new Map();
}

function readTags(reader: MsgpackReader): Map<string, string> {
  const tags = new Map<string, string>();
  readMap(reader, (key) =>
    tags.set(key, lenient.decode(readBytes(reader, limits.gossipForeignMetaBytesMax))),
  );
  return tags;
}

// ---- filters

export function encodeFilter(filter: QueryFilter): Uint8Array {
  if (filter.kind === "nodes") return concatBytes([Uint8Array.of(0), encodeMsgpack(filter.nodes)]);
  return encodeTyped(1, { Tag: filter.tag, Expr: filter.expression });
}

/** What is unknown or broken is an error, and then nobody matches. */
export function decodeFilter(bytes: Uint8Array): Result<QueryFilter, string> {
  const reader = readMsgpack(bytes, 1);
  if (bytes[0] === 0) {
    const nodes: string[] = [];
    readList(reader, limits.gossipDatagramBytesMax, () =>
      nodes.push(readText(reader, limits.gossipNameBytesMax)),
    );
    return readingResult(reader, { kind: "nodes", nodes });
  }
  if (bytes[0] !== 1) return fail("a filter of an unknown type");
  let tag = "";
  let expression = "";
  readMap(reader, (key) => {
    if (key === "Tag") tag = readText(reader, limits.gossipForeignMetaBytesMax);
    else if (key === "Expr") expression = readText(reader, limits.gossipForeignMetaBytesMax);
    else skipValue(reader);
  });
  return readingResult(reader, { kind: "tag", tag, expression });
}

// ---- name conflicts

/** The answer to `_serf_conflict`; null for a member that is not known here. */
export function encodeConflictResponse(member: ConflictMember | null): Uint8Array {
  if (member === null) return Uint8Array.of(serfType.conflictResponse, 0xc0);
  const [
    protocolMin = 0,
    protocolMax = 0,
    protocolCur = 0,
    delegateMin = 0,
    delegateMax = 0,
    delegateCur = 0,
  ] = member.versions;
  return encodeTyped(serfType.conflictResponse, {
    Name: member.name,
    Addr: member.address.ip,
    Port: member.address.port,
    Tags: member.tags,
    Status: memberStatuses.indexOf(member.status),
    ProtocolMin: protocolMin,
    ProtocolMax: protocolMax,
    ProtocolCur: protocolCur,
    DelegateMin: delegateMin,
    DelegateMax: delegateMax,
    DelegateCur: delegateCur,
  });
}

const versionKeys = [
  "ProtocolMin",
  "ProtocolMax",
  "ProtocolCur",
  "DelegateMin",
  "DelegateMax",
  "DelegateCur",
];

export function decodeConflictResponse(payload: Uint8Array): Result<ConflictMember | null, string> {
  if (payload[0] !== serfType.conflictResponse) return fail("not the answer to a conflict query");
  if (payload.length === 2 && payload[1] === 0xc0) return ok(null);
  const reader = readMsgpack(payload, 1);
  let name = "";
  let ip = new Uint8Array(0);
  let port = 0;
  let status = 0;
  let tags: Tags = new Map();
  const versions = new Uint8Array(6);
  readMap(reader, (key) => {
    const version = versionKeys.indexOf(key);
    if (version >= 0) versions[version] = readInteger(reader, 255);
    else if (key === "Name") name = readText(reader, limits.gossipNameBytesMax);
    else if (key === "Addr") ip = readBytes(reader, 16).slice();
    else if (key === "Port") port = readInteger(reader, 0xffff);
    else if (key === "Status") status = readInteger(reader, memberStatuses.length - 1);
    else if (key === "Tags") tags = readTags(reader);
    else skipValue(reader);
  });
  const member = { name, address: { ip, port }, tags, status: memberStatuses[status] ?? "none", versions };
  return readingResult(reader, member);
}

// ---- keys

/** The payload of the key queries; listing sends an empty key, never an empty payload (it kills older agents). */
export function encodeKeyRequest(key: Uint8Array): Uint8Array {
  return encodeTyped(serfType.keyRequest, { Key: key });
}

export function decodeKeyRequest(payload: Uint8Array): Result<Uint8Array, string> {
  if (payload[0] !== serfType.keyRequest) return fail("not a key request");
  const reader = readMsgpack(payload, 1);
  let request = new Uint8Array(0);
  readMap(reader, (key) => {
    if (key === "Key") request = readBytes(reader, 32).slice();
    else skipValue(reader);
  });
  return readingResult(reader, request);
}

export function encodeKeyResponse(response: KeyResponse): Uint8Array {
  return encodeTyped(serfType.keyResponse, {
    Result: response.result,
    Message: response.message,
    Keys: response.keys.length === 0 ? null : response.keys,
    PrimaryKey: response.primaryKey,
  });
}

export function decodeKeyResponse(payload: Uint8Array): Result<KeyResponse, string> {
  if (payload[0] !== serfType.keyResponse) return fail("not the answer to a key query");
  const reader = readMsgpack(payload, 1);
  let result = false;
  let message = "";
  let primaryKey = "";
  const keys: string[] = [];
  readMap(reader, (key) => {
    if (key === "Result") result = readBoolean(reader);
    else if (key === "Message") message = readText(reader, limits.gossipDatagramBytesMax);
    else if (key === "Keys") readList(reader, 1_024, () => keys.push(readText(reader, 64)));
    else if (key === "PrimaryKey") primaryKey = readText(reader, 64);
    else skipValue(reader);
  });
  return readingResult(reader, { result, message, keys, primaryKey });
}

// ---- coordinates

const pingVersion = 1;

export function encodeAckPayload(coordinate: Coordinate): Uint8Array {
  const float = (value: number) => ({ float: value });
  const fields = structValue({
    Vec: coordinate.Vec.map(float),
    Error: float(coordinate.Error),
    Adjustment: float(coordinate.Adjustment),
    Height: float(coordinate.Height),
  });
  return concatBytes([Uint8Array.of(pingVersion), encodeMsgpack(fields)]);
}

/** An error for an empty payload, another version, or what is no coordinate: there is no sample then. */
export function decodeAckPayload(payload: Uint8Array): Result<Coordinate, string> {
  if (payload[0] !== pingVersion) return fail("no coordinate");
  const reader = readMsgpack(payload, 1);
  const coordinate = { Vec: [] as number[], Error: 0, Adjustment: 0, Height: 0 };
  readMap(reader, (key) => {
    if (key === "Vec") readList(reader, 64, () => coordinate.Vec.push(readNumber(reader)));
    else if (key === "Error" || key === "Adjustment" || key === "Height")
      coordinate[key] = readNumber(reader);
    else skipValue(reader);
  });
  const numbers = [coordinate.Error, coordinate.Adjustment, coordinate.Height, ...coordinate.Vec];
  if (!numbers.every(Number.isFinite)) failReading(reader, "a coordinate that is not finite");
  return readingResult(reader, coordinate);
}
