// Byte strings: joined, compared, and a writer that grows.

/** One byte string of all parts, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Not constant in time: never for secrets. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** Constant in time for byte strings of equal length: for keys and tags. */
export function sameSecretBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] as number) ^ (right[at] as number);
  return difference === 0;
}

export type ByteWriter = {
  byte(value: number): void;
  bytes(value: Uint8Array): void;
  /** Big-endian. */
  uint16(value: number): void;
  uint32(value: number): void;
  float64(value: number): void;
  /** What was written so far; the writer may go on. */
  finish(): Uint8Array<ArrayBuffer>;
};

export function createByteWriter(): ByteWriter {
  let buffer = new Uint8Array(256);
  let view = new DataView(buffer.buffer);
  let length = 0;

  function reserve(count: number): number {
    const at = length;
    length += count;
    if (length > buffer.length) {
      const larger = new Uint8Array(Math.max(length, buffer.length * 2));
      larger.set(buffer.subarray(0, at));
      buffer = larger;
      view = new DataView(buffer.buffer);
    }
    return at;
  }

  // `buffer` and `view` may be others after reserve: it comes first.
  return {
    byte(value) {
      const at = reserve(1);
      view.setUint8(at, value);
    },
    bytes(value) {
      const at = reserve(value.length);
      buffer.set(value, at);
    },
    uint16(value) {
      const at = reserve(2);
      view.setUint16(at, value);
    },
    uint32(value) {
      const at = reserve(4);
      view.setUint32(at, value);
    },
    float64(value) {
      const at = reserve(8);
      view.setFloat64(at, value);
    },
    finish: () => buffer.slice(0, length),
  };
}
