// How many bytes a message takes in a packet, type byte included, without encoding it: the core fills packets by it.
// Maps with Go's field names in msgpack's raw family (test/shared/wire compares it with the codec).

import { assertNever } from "../base/assert.ts";
import type { GossipAddress, PacketMessage, PingSource } from "./types.ts";

/** UTF-8 bytes of a text; a lone surrogate becomes U+FFFD as every encoder makes it. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

function raw(length: number): number {
  if (length < 32) return 1 + length;
  return length < 65_536 ? 3 + length : 5 + length;
}

function key(name: string): number {
  return 1 + name.length;
}

function unsigned(value: number): number {
  if (value < 128) return 1;
  if (value < 256) return 2;
  return value < 65_536 ? 3 : 5;
}

function textField(name: string, value: string): number {
  return key(name) + raw(utf8Bytes(value));
}

function numberField(name: string, value: number): number {
  return key(name) + unsigned(value);
}

function bytesField(name: string, value: Uint8Array): number {
  return key(name) + raw(value.length);
}

function addressFields(ipName: string, portName: string, { ip, port }: GossipAddress): number {
  return bytesField(ipName, ip) + numberField(portName, port);
}

function sourceFields(source: PingSource | null): number {
  if (source === null) return 0;
  return addressFields("SourceAddr", "SourcePort", source.address) + textField("SourceNode", source.node);
}

/** Type byte and the head of a map with fewer than 16 fields. */
const head = 2;

/** Bytes of one message as part of a packet. */
export function messageSize(message: PacketMessage): number {
  switch (message.kind) {
    case "ping":
      return (
        head +
        textField("Node", message.node) +
        numberField("SeqNo", message.sequence) +
        sourceFields(message.source)
      );
    case "indirectPing":
      return (
        head +
        numberField("SeqNo", message.sequence) +
        addressFields("Target", "Port", message.target) +
        textField("Node", message.node) +
        key("Nack") +
        1 +
        sourceFields(message.source)
      );
    case "ack":
      return head + bytesField("Payload", message.payload) + numberField("SeqNo", message.sequence);
    case "nack":
      return head + numberField("SeqNo", message.sequence);
    case "suspect":
    case "dead":
      return (
        head +
        numberField("Incarnation", message.incarnation) +
        textField("Node", message.node) +
        textField("From", message.from)
      );
    case "alive":
      return (
        head +
        numberField("Incarnation", message.incarnation) +
        textField("Node", message.node) +
        addressFields("Addr", "Port", message.address) +
        bytesField("Meta", message.meta) +
        bytesField("Vsn", message.versions)
      );
    case "user":
      return 1 + message.payload.length;
    default:
      return assertNever(message);
  }
}
