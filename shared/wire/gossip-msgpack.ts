// The msgpack of memberlist and serf: the old "raw" dialect, in which strings and byte strings are one family and
// str8 and bin do not exist when writing, while everything is understood when reading.
// Source: reference/gossip-protocol.md section 3. Written by hand because the bytes must be exact, push/pull is a row
// of values whose ends must be known, and a hostile length must cost nothing (docs/decisions/0020-gossip-codecs.md).

import { type ByteWriter, createByteWriter } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Counters beyond this are refused on reading: they could not be counted up exactly any more. */
export const counterMax = 2 ** 52;

// ---- writing

export type MsgpackValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | { readonly float: number }
  | readonly MsgpackValue[]
  | ReadonlyMap<string, MsgpackValue>;

/** A Go struct: its fields by name. They are written in byte order, as go-msgpack does; leave out what is omitted. */
export function structValue(
  fields: Readonly<Record<string, MsgpackValue>>,
): ReadonlyMap<string, MsgpackValue> {
  const names = Object.keys(fields).sort((left, right) => (left < right ? -1 : 1));
  return new Map(names.map((name) => [name, fields[name] as MsgpackValue]));
}

/** The value's bytes. Integers must be >= 0 (nothing in the protocol is negative). */
export function encodeMsgpack(value: MsgpackValue): Uint8Array<ArrayBuffer> {
  const writer = createByteWriter();
  writeValue(writer, value);
  return writer.finish();
}

export function writeValue(writer: ByteWriter, value: MsgpackValue): void {
  if (value === null) writer.byte(0xc0);
  else if (typeof value === "boolean") writer.byte(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeInteger(writer, value);
  else if (typeof value === "string") writeRaw(writer, encoder.encode(value));
  else if (value instanceof Uint8Array) writeRaw(writer, value);
  else if (value instanceof Map) writeMap(writer, value);
  else if (isFloat(value)) {
    writer.byte(0xcb);
    writer.float64(value.float);
  } else writeArray(writer, value as readonly MsgpackValue[]);
}

function isFloat(value: MsgpackValue): value is { readonly float: number } {
  return typeof value === "object" && value !== null && "float" in value;
}

function writeInteger(writer: ByteWriter, value: number): void {
  if (value < 0x80) writer.byte(value);
  else if (value < 0x100) {
    writer.byte(0xcc);
    writer.byte(value);
  } else if (value < 0x10000) {
    writer.byte(0xcd);
    writer.uint16(value);
  } else if (value < 0x100000000) {
    writer.byte(0xce);
    writer.uint32(value);
  } else {
    writer.byte(0xcf);
    writer.uint32(Math.floor(value / 0x100000000));
    writer.uint32(value % 0x100000000);
  }
}

function writeRaw(writer: ByteWriter, bytes: Uint8Array): void {
  writeLength(writer, bytes.length, 0xa0, 32, 0xda);
  writer.bytes(bytes);
}

function writeArray(writer: ByteWriter, items: readonly MsgpackValue[]): void {
  writeLength(writer, items.length, 0x90, 16, 0xdc);
  for (const item of items) writeValue(writer, item);
}

function writeMap(writer: ByteWriter, fields: ReadonlyMap<string, MsgpackValue>): void {
  writeLength(writer, fields.size, 0x80, 16, 0xde);
  for (const [name, value] of fields) {
    writeRaw(writer, encoder.encode(name));
    writeValue(writer, value);
  }
}

/** `fix` + length when short; else the 16-bit form `wide`, else the 32-bit form that follows it. */
function writeLength(writer: ByteWriter, length: number, fix: number, fixMax: number, wide: number): void {
  if (length < fixMax) writer.byte(fix + length);
  else if (length < 0x10000) {
    writer.byte(wide);
    writer.uint16(length);
  } else {
    writer.byte(wide + 1);
    writer.uint32(length);
  }
}

// ---- reading

/**
 * A place in bytes. After the first failure every read returns an empty value and moves nothing, so that a decoder
 * reads on without a branch at each field and asks once, at the end. `short`: it failed because bytes are missing.
 */
export type MsgpackReader = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  failure: string | null;
  short: boolean;
};

export function readMsgpack(bytes: Uint8Array, at = 0): MsgpackReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, at, failure: null, short: false };
}

/** What was read, unless something was wrong on the way. */
export function readingResult<T>(reader: MsgpackReader, value: T): Result<T, string> {
  return reader.failure === null ? ok(value) : fail(reader.failure);
}

export function failReading(reader: MsgpackReader, failure: string): void {
  reader.failure ??= failure;
}

/** Claims `count` bytes: their offset, or null when they are not there. */
function take(reader: MsgpackReader, count: number): number | null {
  if (reader.failure !== null) return null;
  if (count > reader.bytes.length - reader.at) {
    reader.failure = "the message ends too early";
    reader.short = true;
    return null;
  }
  const at = reader.at;
  reader.at += count;
  return at;
}

function readUint(reader: MsgpackReader, width: 1 | 2 | 4): number {
  const at = take(reader, width);
  if (at === null) return 0;
  if (width === 1) return reader.view.getUint8(at);
  return width === 2 ? reader.view.getUint16(at) : reader.view.getUint32(at);
}

function readInt(reader: MsgpackReader, width: 1 | 2 | 4): number {
  const value = readUint(reader, width);
  return width === 4 ? value | 0 : (value << (32 - width * 8)) >> (32 - width * 8);
}

function readInt64(reader: MsgpackReader, signed: boolean): number {
  const at = take(reader, 8);
  if (at === null) return 0;
  return Number(signed ? reader.view.getBigInt64(at) : reader.view.getBigUint64(at));
}

/** An integer of any width, or nil as 0, within 0 … `max`. */
export function readInteger(reader: MsgpackReader, max: number): number {
  const value = readNumber(reader);
  if (reader.failure === null && !(Number.isInteger(value) && value >= 0 && value <= max)) {
    failReading(reader, `a number outside 0…${max}`);
  }
  return reader.failure === null ? value : 0;
}

/** Any number; nil is 0. */
export function readNumber(reader: MsgpackReader): number {
  const code = readUint(reader, 1);
  if (code < 0x80) return code;
  if (code >= 0xe0) return code - 0x100;
  switch (code) {
    case 0xc0:
      return 0;
    case 0xca:
    case 0xcb:
      return readFloat(reader, code);
    case 0xcc:
      return readUint(reader, 1);
    case 0xcd:
      return readUint(reader, 2);
    case 0xce:
      return readUint(reader, 4);
    case 0xcf:
      return readInt64(reader, false);
    case 0xd0:
      return readInt(reader, 1);
    case 0xd1:
      return readInt(reader, 2);
    case 0xd2:
      return readInt(reader, 4);
    case 0xd3:
      return readInt64(reader, true);
    default:
      failReading(reader, "a number was expected");
      return 0;
  }
}

function readFloat(reader: MsgpackReader, code: number): number {
  const at = take(reader, code === 0xca ? 4 : 8);
  if (at === null) return 0;
  return code === 0xca ? reader.view.getFloat32(at) : reader.view.getFloat64(at);
}

/** True or false; nil is false, and Go also takes 0 and 1. */
export function readBoolean(reader: MsgpackReader): boolean {
  const code = readUint(reader, 1);
  if (code === 0xc3 || code === 0x01) return true;
  if (code !== 0xc2 && code !== 0xc0 && code !== 0x00) failReading(reader, "a truth value was expected");
  return false;
}

/** Length of a raw, str or bin value; -1 for nil. */
function readRawLength(reader: MsgpackReader): number {
  const code = readUint(reader, 1);
  if (code >= 0xa0 && code <= 0xbf) return code - 0xa0;
  if (code === 0xd9 || code === 0xc4) return readUint(reader, 1);
  if (code === 0xda || code === 0xc5) return readUint(reader, 2);
  if (code === 0xdb || code === 0xc6) return readUint(reader, 4);
  if (code !== 0xc0) failReading(reader, "text or bytes were expected");
  return -1;
}

/** A byte string as a view of the input; null for nil. Longer than `bytesMax` is refused. */
export function readBytesOrNil(reader: MsgpackReader, bytesMax: number): Uint8Array | null {
  const length = readRawLength(reader);
  if (length < 0 || reader.failure !== null) return null;
  if (length > bytesMax) {
    failReading(reader, `more than ${bytesMax} bytes in one field`);
    return null;
  }
  const at = take(reader, length);
  return at === null ? null : reader.bytes.subarray(at, at + length);
}

/** A byte string; nil is empty. */
export function readBytes(reader: MsgpackReader, bytesMax: number): Uint8Array {
  return readBytesOrNil(reader, bytesMax) ?? new Uint8Array(0);
}

/** Text; nil is empty. What is no UTF-8 is refused: names must come back as the bytes that came in. */
export function readText(reader: MsgpackReader, bytesMax: number): string {
  const bytes = readBytesOrNil(reader, bytesMax);
  if (bytes === null) return "";
  try {
    return decoder.decode(bytes);
  } catch {
    failReading(reader, "text that is not UTF-8");
    return "";
  }
}

/** Calls `item` for each element; nil is an empty list. Every element takes a byte, so a length cannot lie by much. */
export function readList(reader: MsgpackReader, itemsMax: number, item: () => void): void {
  const code = readUint(reader, 1);
  let length = 0;
  if (code >= 0x90 && code <= 0x9f) length = code - 0x90;
  else if (code === 0xdc) length = readUint(reader, 2);
  else if (code === 0xdd) length = readUint(reader, 4);
  else if (code !== 0xc0) failReading(reader, "a list was expected");
  if (length > itemsMax) failReading(reader, `more than ${itemsMax} elements`);
  for (let at = 0; at < length && reader.failure === null; at++) item();
}

const keyBytesMax = 512; // field names are short; names of members are keys, too
const mapEntriesMax = 1 << 20;

/** Calls `entry` with each key, placed at its value, which it must read or skip; nil is an empty map. */
export function readMap(reader: MsgpackReader, entry: (key: string) => void): void {
  const code = readUint(reader, 1);
  let size = 0;
  if (code >= 0x80 && code <= 0x8f) size = code - 0x80;
  else if (code === 0xde) size = readUint(reader, 2);
  else if (code === 0xdf) size = readUint(reader, 4);
  else if (code !== 0xc0) failReading(reader, "a map was expected");
  if (size > mapEntriesMax) failReading(reader, `more than ${mapEntriesMax} entries`);
  for (let at = 0; at < size && reader.failure === null; at++) {
    const key = readText(reader, keyBytesMax);
    if (reader.failure === null) entry(key);
  }
}

/** What the keys of a struct fill, and how; made by structFields. */
export type StructFields<T> = ReadonlyMap<string, (into: T, reader: MsgpackReader) => void>;

/** A field that `read` fills. */
export function field<T, K extends keyof T>(name: K, read: (reader: MsgpackReader) => T[K]) {
  return (into: T, reader: MsgpackReader): void => {
    into[name] = read(reader);
  };
}

/** A map, because in an object a stranger's key could be one that every object has ("valueOf"). */
export function structFields<T>(
  fields: Readonly<Record<string, (into: T, reader: MsgpackReader) => void>>,
): StructFields<T> {
  return new Map(Object.entries(fields));
}

/** Fills `into`. Unknown keys are passed over; what is left out stays as it is, as in Go. */
export function readStruct<T>(reader: MsgpackReader, into: T, fields: StructFields<T>): T {
  readMap(reader, (key) => {
    const read = fields.get(key);
    if (read === undefined) skipValue(reader);
    else read(into, reader);
  });
  return into;
}

/** Passes over one value of any kind; nesting costs a counter, not the stack. */
export function skipValue(reader: MsgpackReader): void {
  for (let left = 1; left > 0 && reader.failure === null; left--) {
    const code = readUint(reader, 1);
    if (reader.failure !== null) return;
    if (code >= 0x80 && code <= 0x8f) left += (code - 0x80) * 2;
    else if (code >= 0x90 && code <= 0x9f) left += code - 0x90;
    else if (code === 0xdc) left += readUint(reader, 2);
    else if (code === 0xdd) left += readUint(reader, 4);
    else if (code === 0xde) left += readUint(reader, 2) * 2;
    else if (code === 0xdf) left += readUint(reader, 4) * 2;
    else take(reader, scalarBytes(reader, code));
  }
}

/** Bytes that follow the code of a value that contains no others. */
function scalarBytes(reader: MsgpackReader, code: number): number {
  if (code < 0x80 || code >= 0xe0 || code === 0xc0 || code === 0xc2 || code === 0xc3) return 0;
  if (code >= 0xa0 && code <= 0xbf) return code - 0xa0;
  switch (code) {
    case 0xd9:
    case 0xc4:
      return readUint(reader, 1);
    case 0xda:
    case 0xc5:
      return readUint(reader, 2);
    case 0xdb:
    case 0xc6:
      return readUint(reader, 4);
    case 0xc7:
      return readUint(reader, 1) + 1;
    case 0xc8:
      return readUint(reader, 2) + 1;
    case 0xc9:
      return readUint(reader, 4) + 1;
    case 0xcc:
    case 0xd0:
      return 1;
    case 0xcd:
    case 0xd1:
      return 2;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 4;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 8;
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return (1 << (code - 0xd4)) + 1;
    default:
      failReading(reader, "a byte that begins no value");
      return 0;
  }
}
