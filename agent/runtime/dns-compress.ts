// Name compression (RFC 1035 4.1.4) of a packet that dns-packet wrote, so that more answers fit into 512 bytes.
// The name in the data of an SRV record stays whole (RFC 2782); later names may still point into it.

import { Buffer } from "node:buffer";

const pointerMax = 0x3fff;

const types = { ns: 2, cname: 5, soa: 6, ptr: 12, srv: 33 } as const;
/** Priority, weight and port in front of an SRV record's target. */
const srvFixedBytes = 6;

type Writer = { readonly out: Buffer; length: number; readonly known: Map<string, number> };

/** The same packet with every repeated name ending replaced by a pointer to where it stood first. */
export function compressNames(packet: Buffer): Buffer {
  const writer: Writer = { out: Buffer.alloc(packet.length), length: 0, known: new Map() };
  copy(writer, packet, 0, 12);
  let at = 12;
  for (let left = packet.readUInt16BE(4); left > 0; left--) {
    at = copyName(writer, packet, at);
    at = copy(writer, packet, at, 4);
  }
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  for (let left = records; left > 0; left--) at = copyRecord(writer, packet, at);
  return writer.out.subarray(0, writer.length);
}

function copy(writer: Writer, from: Buffer, at: number, bytes: number): number {
  from.copy(writer.out, writer.length, at, at + bytes);
  writer.length += bytes;
  return at + bytes;
}

function copyRecord(writer: Writer, from: Buffer, start: number): number {
  const at = copyName(writer, from, start);
  const type = from.readUInt16BE(at);
  const end = at + 10 + from.readUInt16BE(at + 8);
  let data = copy(writer, from, at, 10);
  const dataStart = writer.length;
  if (type === types.srv) data = copyName(writer, from, copy(writer, from, data, srvFixedBytes), true);
  const names =
    type === types.soa ? 2 : type === types.ns || type === types.cname || type === types.ptr ? 1 : 0;
  for (let left = names; left > 0; left--) data = copyName(writer, from, data);
  copy(writer, from, data, end - data);
  writer.out.writeUInt16BE(writer.length - dataStart, dataStart - 2);
  return end;
}

/** Writes the name at `at`, which has no pointers, and returns where it ends in `from`; `whole` uses none either. */
function copyName(writer: Writer, from: Buffer, at: number, whole = false): number {
  let end = at;
  while (from[end] !== 0) end += from[end]! + 1;
  for (let label = at; label < end; label += from[label]! + 1) {
    const rest = from.toString("latin1", label, end);
    const seen = writer.known.get(rest);
    if (seen !== undefined && !whole) {
      writer.length = writer.out.writeUInt16BE(0xc000 | seen, writer.length);
      return end + 1;
    }
    if (seen === undefined && writer.length <= pointerMax) writer.known.set(rest, writer.length);
    copy(writer, from, label, from[label]! + 1);
  }
  writer.out[writer.length++] = 0;
  return end + 1;
}
