// AES-GCM for gossip with node:crypto (synchronous: a packet is sealed in microseconds).

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { GossipCipher } from "../../shared/wire/gossip-encryption.ts";

const tagBytes = 16;

function algorithm(key: Uint8Array): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  if (key.length === 16) return "aes-128-gcm";
  return key.length === 24 ? "aes-192-gcm" : "aes-256-gcm";
}

/** A Buffer's slice() shares its memory; the pure code expects a copy. */
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

export const gossipCipher: GossipCipher = {
  seal(key, nonce, plain, additional) {
    const cipher = createCipheriv(algorithm(key), key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(additional);
    return bytesOf(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
  },
  open(key, nonce, sealed, additional) {
    const body = sealed.length - tagBytes;
    if (body < 0) return null;
    const decipher = createDecipheriv(algorithm(key), key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(additional);
    decipher.setAuthTag(sealed.subarray(body));
    try {
      return bytesOf(Buffer.concat([decipher.update(sealed.subarray(0, body)), decipher.final()]));
    } catch {
      return null;
    }
  },
  nonce: () => bytesOf(randomBytes(12)),
};
