// memberlist's encrypted block: version byte, 12-byte nonce, AES-GCM ciphertext, 16-byte tag.
//   01 | nonce:12 | ciphertext | tag:16      version 0 pads the plain text to 16 bytes (PKCS#7) first
// Source: reference/gossip-protocol.md section 5.1. AES comes through the GossipCipher port (agent/runtime/gossip-cipher.ts).

import { concatBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Keyring } from "../structs/keyring.ts";

/** AES-GCM with 12-byte nonces and 16-byte tags; the key's length chooses AES-128, -192 or -256. */
export type GossipCipher = {
  /** Ciphertext and tag. */
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, additional: Uint8Array): Uint8Array;
  /** The plain text; null when the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | null;
  /** Twelve fresh random bytes. */
  nonce(): Uint8Array;
};

export type EncryptionVersion = 0 | 1;

const nonceBytes = 12;
const tagBytes = 16;
const blockBytes = 16;
const headerBytes = 1 + nonceBytes;
/** What version 1 adds to a message. */
export const encryptionOverheadBytes = headerBytes + tagBytes;

/** How long `plainBytes` become: streams announce it, and the announcement is part of what is authenticated. */
export function encryptedLength(plainBytes: number, version: EncryptionVersion): number {
  const padding = version === 0 ? blockBytes - (plainBytes % blockBytes) : 0;
  return encryptionOverheadBytes + plainBytes + padding;
}

/** One block, encrypted with the primary key. */
export function encryptBlock(
  plain: Uint8Array,
  keyring: Keyring,
  additional: Uint8Array,
  cipher: GossipCipher,
  version: EncryptionVersion = 1,
): Uint8Array {
  const key = keyring[0];
  if (key === undefined) return plain;
  const nonce = cipher.nonce();
  const padded = version === 0 ? pad(plain) : plain;
  return concatBytes([Uint8Array.of(version), nonce, cipher.seal(key, nonce, padded, additional)]);
}

/** The plain text, with whichever key fits. */
export function decryptBlock(
  block: Uint8Array,
  keyring: Keyring,
  additional: Uint8Array,
  cipher: GossipCipher,
): Result<Uint8Array, string> {
  const version = block[0];
  if (version === undefined || version > 1) return fail("unsupported encryption version");
  if (block.length < encryptionOverheadBytes + (version === 0 ? blockBytes : 0)) {
    return fail("an encrypted message that is too short");
  }
  const nonce = block.subarray(1, headerBytes);
  const sealed = block.subarray(headerBytes);
  for (const key of keyring) {
    const plain = cipher.open(key, nonce, sealed, additional);
    if (plain !== null) return version === 0 ? unpad(plain) : ok(plain);
  }
  return fail("No installed keys could decrypt the message");
}

function pad(plain: Uint8Array): Uint8Array {
  const count = blockBytes - (plain.length % blockBytes);
  return concatBytes([plain, new Uint8Array(count).fill(count)]);
}

function unpad(padded: Uint8Array): Result<Uint8Array, string> {
  const count = padded[padded.length - 1] ?? 0;
  if (count < 1 || count > blockBytes || count > padded.length) return fail("wrong padding");
  const body = padded.length - count;
  if (padded.subarray(body).some((byte) => byte !== count)) return fail("wrong padding");
  return ok(padded.subarray(0, body));
}
