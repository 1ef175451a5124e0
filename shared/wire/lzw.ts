// LZW as Go's compress/lzw writes it (least significant bit first, literal width 8): memberlist's compression.
// Codes 0–255 are literals, 256 clears the table, 257 ends the stream; widths grow from 9 to 12 bits.
// Source: reference/gossip-protocol.md section 4. Called by gossip-frames.ts.

import { fail, ok, type Result } from "../base/result.ts";

const clearCode = 256;
const endCode = 257;
const widthMin = 9;
const widthMax = 12;
const codeMax = (1 << widthMax) - 1;
const none = -1;

export type LzwOptions = {
  /** Go 1.17 and newer begin with a clear code; older ones (Consul 1.8) do not. Every decoder takes both. */
  readonly leadingClear: boolean;
};

/** The compressed bytes; they can be longer than the input. */
export function lzwCompress(input: Uint8Array, options: LzwOptions = { leadingClear: true }): Uint8Array {
  const bits = createBitWriter(Math.ceil(input.length * 1.5) + 8);
  let width = widthMin;
  let highest = endCode;
  const table = new Map<number, number>(); // prefix code * 256 + next byte -> code

  /** Room for one more entry: its code, or `none` when the table has just been cleared. */
  function nextEntry(): number {
    highest++;
    if (highest === 1 << width) width++;
    if (highest !== codeMax) return highest;
    bits.write(clearCode, widthMax);
    width = widthMin;
    highest = endCode;
    table.clear();
    return none;
  }

  if (options.leadingClear) bits.write(clearCode, width);
  if (input.length > 0) {
    let code = input[0] as number;
    for (let at = 1; at < input.length; at++) {
      const byte = input[at] as number;
      const longer = table.get(code * 256 + byte);
      if (longer !== undefined) {
        code = longer;
        continue;
      }
      bits.write(code, width);
      const entry = nextEntry();
      if (entry !== none) table.set(code * 256 + byte, entry);
      code = byte;
    }
    bits.write(code, width);
    nextEntry();
  }
  bits.write(endCode, width);
  return bits.finish();
}

/**
 * The plain bytes, or what is wrong with the stream. Stops as soon as more than `outputBytesMax` bytes would come out:
 * a few kilobytes can hold megabytes, and nobody who sends them has proved anything yet.
 */
export function lzwDecompress(input: Uint8Array, outputBytesMax: number): Result<Uint8Array, string> {
  const prefixes = new Uint16Array(codeMax + 1);
  const suffixes = new Uint8Array(codeMax + 1);
  const text = new Uint8Array(codeMax + 1); // one code's string, written from its end
  let output = new Uint8Array(Math.min(outputBytesMax, Math.max(64, input.length * 3)));
  let length = 0;
  let width = widthMin;
  let highest = endCode;
  let last = none;
  let pending = 0;
  let pendingBits = 0;
  let at = 0;

  for (;;) {
    while (pendingBits < width) {
      if (at === input.length) return fail("lzw: the stream ends without its end code");
      pending |= (input[at++] as number) << pendingBits;
      pendingBits += 8;
    }
    const code = pending & ((1 << width) - 1);
    pending >>>= width;
    pendingBits -= width;
    if (code === endCode) return ok(output.slice(0, length));
    if (code === clearCode) {
      width = widthMin;
      highest = endCode;
      last = none;
      continue;
    }
    // The entry this code completes does not exist yet when the code is just that entry: then its last byte is its first.
    const unfinished = last !== none && code === highest + 1;
    if (code > highest && !unfinished) return fail("lzw: a code that is not in the table");
    let start = text.length;
    let walk = code;
    if (unfinished) {
      start--;
      walk = last;
    }
    while (walk > endCode) {
      text[--start] = suffixes[walk] as number;
      walk = prefixes[walk] as number;
    }
    text[--start] = walk;
    if (unfinished) text[text.length - 1] = walk;
    if (last !== none && highest < codeMax) {
      highest++;
      prefixes[highest] = last;
      suffixes[highest] = walk;
    }
    const size = text.length - start;
    if (length + size > outputBytesMax) return fail(`lzw: more than ${outputBytesMax} bytes come out`);
    if (length + size > output.length) {
      const larger = new Uint8Array(Math.min(outputBytesMax, Math.max(output.length * 2, length + size)));
      larger.set(output.subarray(0, length));
      output = larger;
    }
    output.set(text.subarray(start), length);
    length += size;
    last = code;
    if (highest + 1 >= 1 << width && width < widthMax) width++;
  }
}

function createBitWriter(bytesExpected: number) {
  let output = new Uint8Array(bytesExpected);
  let length = 0;
  let pending = 0;
  let pendingBits = 0;

  function put(byte: number): void {
    if (length === output.length) {
      const larger = new Uint8Array(output.length * 2);
      larger.set(output);
      output = larger;
    }
    output[length++] = byte;
  }

  return {
    write(code: number, width: number): void {
      pending |= code << pendingBits;
      pendingBits += width;
      for (; pendingBits >= 8; pendingBits -= 8) {
        put(pending & 0xff);
        pending >>>= 8;
      }
    },
    /** The last byte is filled with zero bits. */
    finish(): Uint8Array {
      if (pendingBits > 0) put(pending);
      return output.slice(0, length);
    },
  };
}
