import { describe, expect, it } from "vitest";
import { lzwCompress, lzwDecompress } from "../../../shared/wire/lzw.ts";
import { fromHex, gossipVectors, toHex } from "../../support/gossip-vectors.ts";

describe("LZW", () => {
  const list = gossipVectors.filter((vector) => vector.transport === "lzw");
  it("has the vectors", () => expect(list.length).toBe(5));

  for (const vector of list) {
    it(`writes and reads ${vector.name} as Go does, with and without the leading clear code`, () => {
      const plain = fromHex(vector.decoded.plainHex as string);
      expect(toHex(lzwCompress(plain))).toBe(vector.hex);
      expect(lzwDecompress(fromHex(vector.hex), 1000)).toEqual({ ok: true, value: plain });
      const older = vector.decoded.withoutInitialClearHex as string;
      expect(toHex(lzwCompress(plain, { leadingClear: false }))).toBe(older);
      expect(lzwDecompress(fromHex(older), 1000)).toEqual({ ok: true, value: plain });
    });
  }

  it("returns what was put in, through several full tables", () => {
    let seed = 1;
    for (const alphabet of [1, 2, 7, 256]) {
      const plain = Uint8Array.from({ length: 60_000 }, () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return (seed >>> 16) % alphabet;
      });
      const packed = lzwCompress(plain);
      expect(lzwDecompress(packed, plain.length)).toEqual({ ok: true, value: plain });
    }
  });

  it("stops a bomb at the limit, whatever the input promises", () => {
    const packed = lzwCompress(new Uint8Array(4 << 20));
    expect(packed.length).toBeLessThan(20_000);
    expect(lzwDecompress(packed, 100_000)).toEqual({
      ok: false,
      error: "lzw: more than 100000 bytes come out",
    });
  });

  it("refuses a cut stream and a code that is not there", () => {
    const packed = lzwCompress(new TextEncoder().encode("hello hello hello hello"));
    for (let length = 0; length < packed.length - 1; length++) {
      expect(lzwDecompress(packed.subarray(0, length), 1000).ok).toBe(false);
    }
    expect(lzwDecompress(new Uint8Array([0x44, 0x01, 0x02]), 1000).ok).toBe(false); // literal, then code 418
  });
});
