import { describe, expect, it } from "vitest";
import { concatBytes, createByteWriter, sameBytes, sameSecretBytes } from "../../../shared/base/bytes.ts";
import { crc32, crc32OfText } from "../../../shared/base/crc32.ts";

describe("byte strings", () => {
  it("are joined in order", () => {
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });

  it("are equal byte for byte", () => {
    for (const same of [sameBytes, sameSecretBytes]) {
      expect(same(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
      expect(same(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
      expect(same(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    }
  });

  it("are written big-endian by a writer that grows in the middle of any value", () => {
    for (let before = 250; before < 260; before++) {
      const writer = createByteWriter();
      writer.bytes(new Uint8Array(before));
      writer.byte(1);
      writer.uint16(0x0203);
      writer.uint32(0x04050607);
      writer.float64(1);
      expect([...writer.finish().subarray(before)]).toEqual([
        1, 2, 3, 4, 5, 6, 7, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
      ]);
    }
  });

  it("have the CRC-32 of zlib", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
    for (const text of ["", "123456789", "schlüssel", "a 🔑 at the end"])
      expect(crc32OfText(text)).toBe(crc32(new TextEncoder().encode(text)));
  });
});
