import { describe, expect, it } from "vitest";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import {
  decryptBlock,
  encryptBlock,
  encryptedLength,
  type EncryptionVersion,
} from "../../../shared/wire/gossip-encryption.ts";

const keys = [16, 24, 32].map((length) => new Uint8Array(length).fill(length));
const additional = new TextEncoder().encode("label");

describe("the encrypted block", () => {
  it("comes back with any key of the ring, in both versions, and is as long as announced", () => {
    for (const version of [0, 1] as EncryptionVersion[]) {
      for (const key of keys) {
        for (const length of [0, 1, 15, 16, 17, 1400]) {
          const plain = new Uint8Array(length).fill(7);
          const block = encryptBlock(plain, [key], additional, gossipCipher, version);
          expect(block.length).toBe(encryptedLength(length, version));
          expect(decryptBlock(block, keys, additional, gossipCipher)).toEqual({ ok: true, value: plain });
        }
      }
    }
  });

  it("is refused with other additional data, another version, or too few bytes", () => {
    const block = encryptBlock(new Uint8Array(20), keys, additional, gossipCipher);
    expect(decryptBlock(block, keys, new Uint8Array(0), gossipCipher).ok).toBe(false);
    expect(decryptBlock(Uint8Array.of(2, ...block.subarray(1)), keys, additional, gossipCipher)).toEqual({
      ok: false,
      error: "unsupported encryption version",
    });
    for (let length = 0; length < block.length; length++) {
      expect(decryptBlock(block.subarray(0, length), keys, additional, gossipCipher).ok).toBe(false);
    }
  });

  it("never uses a nonce twice", () => {
    const nonces = new Set(Array.from({ length: 1000 }, () => gossipCipher.nonce().join()));
    expect(nonces.size).toBe(1000);
  });
});
