// One datagram and the messages in it. Layers, outermost first:
//   [f4 label]? [encrypted block]? [0c crc32]? [09 compressed]? message | 07 compound of messages
// Source: reference/gossip-protocol.md sections 2, 4 and 5. Called by agent/gossip/driver.ts.

import { concatBytes, createByteWriter, sameBytes } from "../base/bytes.ts";
import { crc32 } from "../base/crc32.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { PacketMessage } from "../gossip/types.ts";
import { limits } from "../limits.ts";
import { decryptBlock, encryptBlock, type GossipCipher } from "./gossip-encryption.ts";
import type { Keyring } from "../structs/keyring.ts";
import { decodePacketMessage, encodePacketMessage, encodeTyped, messageType } from "./gossip-messages.ts";
import { readBytes, readInteger, readingResult, readMap, readMsgpack, skipValue } from "./gossip-msgpack.ts";
import { lzwCompress, lzwDecompress } from "./lzw.ts";

/** How this pool wraps its messages. The keyring changes at run time; the rest is configuration. */
export type GossipFraming = {
  /** Separates pools that share a network (memberlist 0.3 and newer); empty for none. */
  readonly label: Uint8Array;
  readonly keyring: Keyring;
  /** False, while a pool migrates to encryption: plain packets are read although there are keys. */
  readonly verifyIncoming: boolean;
  /** False, while a pool migrates: what goes out is plain although there are keys. */
  readonly verifyOutgoing: boolean;
  /** Compress what goes out; reading is always possible. */
  readonly compress: boolean;
  readonly cipher: GossipCipher;
};

export const noLabel = new Uint8Array(0);
const partsMax = 255; // a compound's count is one byte

// ---- writing

/** The datagrams for these messages: one, or several when there are more than a compound can count. */
export function sealPacket(
  messages: readonly PacketMessage[],
  checksum: boolean,
  framing: GossipFraming,
): readonly Uint8Array[] {
  const parts = messages.map(encodePacketMessage);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < parts.length; at += partsMax) {
    packets.push(wrap(bundle(parts.slice(at, at + partsMax)), checksum, framing));
  }
  return packets;
}

/** One message bare, several as a compound. No part is ever empty: that kills older agents. */
export function bundle(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const writer = createByteWriter();
  writer.byte(messageType.compound);
  writer.byte(parts.length);
  for (const part of parts) writer.uint16(part.length);
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

function wrap(message: Uint8Array, checksum: boolean, framing: GossipFraming): Uint8Array {
  let packet = message;
  if (framing.compress) {
    const smaller = compress(packet);
    if (smaller.length < packet.length) packet = smaller;
  }
  if (checksum) packet = withChecksum(packet);
  if (framing.keyring.length > 0 && framing.verifyOutgoing) {
    packet = encryptBlock(packet, framing.keyring, framing.label, framing.cipher);
  }
  return framing.label.length === 0 ? packet : concatBytes([labelHeader(framing.label), packet]);
}

export function withChecksum(message: Uint8Array): Uint8Array {
  const writer = createByteWriter();
  writer.byte(messageType.checksum);
  writer.uint32(crc32(message));
  writer.bytes(message);
  return writer.finish();
}

/** A type 9 message. Go 1.17 and newer begin with the clear code, older ones do not; readers take both. */
export function compress(message: Uint8Array, leadingClear = true): Uint8Array {
  return encodeTyped(messageType.compress, { Algo: 0, Buf: lzwCompress(message, { leadingClear }) });
}

export function labelHeader(label: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(messageType.label, label.length), label]);
}

// ---- reading

export type OpenedPacket = {
  readonly messages: readonly PacketMessage[];
  /** Parts that could not be read, for counters; the others stand. */
  readonly dropped: number;
};

/** The messages of one datagram, or why all of it is dropped. Nothing in it may cost more than the limits say. */
export function openPacket(datagram: Uint8Array, framing: GossipFraming): Result<OpenedPacket, string> {
  if (datagram.length > limits.gossipDatagramBytesMax) return fail("a packet that is too long");
  // A runtime's own kind of byte array may share memory on slice(); messages outlive the datagram, so they must copy.
  const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
  const labelled = removeLabel(bytes, framing.label);
  if (!labelled.ok) return labelled;
  const plain = decryptPacket(labelled.value, framing);
  if (!plain.ok) return plain;
  const checked = verifyChecksum(plain.value);
  if (!checked.ok) return checked;
  const budget: Budget = { bytes: limits.gossipDecompressedPacketBytesMax, messages: [], dropped: 0 };
  unpack(checked.value, budget, 0);
  const { messages, dropped } = budget;
  return ok({ messages, dropped });
}

/** What follows the label header, when the label is the expected one. */
export function removeLabel(bytes: Uint8Array, expected: Uint8Array): Result<Uint8Array, string> {
  if (bytes[0] !== messageType.label) {
    return expected.length === 0 ? ok(bytes) : fail("a packet without the label of this pool");
  }
  const length = bytes[1] ?? 0;
  if (length === 0 || bytes.length < 2 + length) return fail("a broken label");
  const label = bytes.subarray(2, 2 + length);
  return sameBytes(label, expected) ? ok(bytes.subarray(2 + length)) : fail("the label of another pool");
}

function decryptPacket(packet: Uint8Array, framing: GossipFraming): Result<Uint8Array, string> {
  if (framing.keyring.length === 0) return ok(packet);
  const plain = decryptBlock(packet, framing.keyring, framing.label, framing.cipher);
  return plain.ok || framing.verifyIncoming ? plain : ok(packet);
}

function verifyChecksum(packet: Uint8Array): Result<Uint8Array, string> {
  if (packet[0] !== messageType.checksum) return ok(packet);
  if (packet.length <= 5) return fail("a checksum of nothing");
  const body = packet.subarray(5);
  const view = new DataView(packet.buffer, packet.byteOffset);
  return view.getUint32(1) === crc32(body) ? ok(body) : fail("the checksum is wrong");
}

/** What one packet may still cost. Compressed parts share it, so nesting multiplies nothing. */
type Budget = { bytes: number; readonly messages: PacketMessage[]; dropped: number };

const depthMax = 4; // real senders nest once: compress around compound

function unpack(bytes: Uint8Array, budget: Budget, depth: number): void {
  const type = bytes[0];
  if (type === messageType.compound && depth < depthMax) unpackCompound(bytes, budget, depth);
  else if (type === messageType.compress && depth < depthMax) unpackCompressed(bytes, budget, depth);
  else unpackMessage(bytes, budget);
}

function unpackMessage(bytes: Uint8Array, budget: Budget): void {
  const room = budget.messages.length < limits.gossipPacketMessagesMax;
  const message = room ? decodePacketMessage(bytes) : fail("too many messages");
  if (message.ok) budget.messages.push(message.value);
  else budget.dropped++;
}

function unpackCompound(bytes: Uint8Array, budget: Budget, depth: number): void {
  const count = bytes[1] ?? 0;
  let at = 2 + count * 2;
  if (count === 0 || at > bytes.length) {
    budget.dropped++;
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let part = 0; part < count; part++) {
    const length = view.getUint16(2 + part * 2);
    if (length > bytes.length - at) {
      budget.dropped += count - part;
      return;
    }
    unpack(bytes.subarray(at, at + length), budget, depth + 1);
    at += length;
  }
}

function unpackCompressed(bytes: Uint8Array, budget: Budget, depth: number): void {
  const plain = decompress(bytes, budget.bytes);
  if (!plain.ok) {
    budget.dropped++;
    return;
  }
  budget.bytes -= plain.value.length;
  unpack(plain.value, budget, depth + 1);
}

/** The message inside a type 9 message. */
export function decompress(bytes: Uint8Array, outputBytesMax: number): Result<Uint8Array, string> {
  const packed = readCompressed(bytes);
  return packed.ok ? lzwDecompress(packed.value, outputBytesMax) : packed;
}

function readCompressed(bytes: Uint8Array): Result<Uint8Array, string> {
  const reader = readMsgpack(bytes, 1);
  let algorithm = 0;
  let buffer: Uint8Array = noLabel;
  readMap(reader, (key) => {
    if (key === "Algo") algorithm = readInteger(reader, 255);
    else if (key === "Buf") buffer = readBytes(reader, limits.gossipStreamBytesMax);
    else skipValue(reader);
  });
  if (reader.failure === null && algorithm !== 0)
    return fail(`compression algorithm ${algorithm} is unknown`);
  return readingResult(reader, buffer);
}
