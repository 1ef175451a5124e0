// Framings for tests of packets and streams: Node's AES, nonces that count or are given.

import { gossipCipher } from "../../agent/runtime/gossip-cipher.ts";
import { type GossipFraming, noLabel } from "../../shared/wire/gossip-packets.ts";

export const plainFraming: GossipFraming = {
  label: noLabel,
  keyring: [],
  verifyIncoming: true,
  verifyOutgoing: true,
  compress: false,
  cipher: gossipCipher,
};

/** Encrypted with these keys; `nonce`, when given, is used for every message. */
export function framingWith(
  keyring: readonly Uint8Array[],
  options: Partial<GossipFraming> = {},
  nonce?: Uint8Array,
): GossipFraming {
  const cipher = nonce === undefined ? gossipCipher : { ...gossipCipher, nonce: () => nonce };
  return { ...plainFraming, keyring, cipher, ...options };
}
