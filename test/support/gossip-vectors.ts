// The captured packets and streams of real serf and Consul agents (test/fixtures/gossip-vectors.json), typed a little.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Byte fields are `{ $hex }`, text is plain; what a vector does not have is missing. */
export type Decoded = { readonly [name: string]: unknown };
export type GossipVector = {
  readonly name: string;
  readonly transport: "udp" | "tcp" | "lzw" | "vivaldi";
  readonly hex: string;
  readonly key?: string;
  readonly decoded: Decoded;
};

const path = join(import.meta.dirname, "../fixtures/gossip-vectors.json");
export const gossipVectors = JSON.parse(readFileSync(path, "utf8")) as readonly GossipVector[];

export function vectorNamed(name: string): GossipVector {
  const found = gossipVectors.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
