// The keys of gossip encryption: an ordered list whose first one is the primary, which encrypts; all of them decrypt.
// Rules and texts: reference/gossip-protocol.md section 5.5. Used by shared/wire and shared/serf.

import { base64ToBytes, bytesToBase64 } from "../base/base64.ts";
import { sameSecretBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { limits } from "../limits.ts";

/** AES-128, -192 or -256. */
export type GossipKey = Uint8Array;
/** Primary first; empty when gossip is not encrypted. Never changed in place. */
export type Keyring = readonly GossipKey[];

export const noKeys: Keyring = [];

export function isKeyLength(length: number): boolean {
  return length === 16 || length === 24 || length === 32;
}

const lengthText = "key size must be 16, 24 or 32 bytes";

/** The key that base64 text stands for, as the setting `encrypt` and the keyring file write it. */
export function parseKey(text: string): Result<GossipKey, string> {
  const key = base64ToBytes(text);
  if (key === null) return fail("illegal base64 data");
  return isKeyLength(key.length) ? ok(key) : fail(lengthText);
}

/** Adds a key behind the others; one that is there already changes nothing. */
export function installKey(keyring: Keyring, key: GossipKey): Result<Keyring, string> {
  if (!isKeyLength(key.length)) return fail(lengthText);
  if (holdsKey(keyring, key)) return ok(keyring);
  if (keyring.length >= limits.gossipKeysMax)
    return fail(`a keyring holds at most ${limits.gossipKeysMax} keys`);
  return ok([...keyring, key.slice()]);
}

/** Makes a key that is there the primary. */
export function useKey(keyring: Keyring, key: GossipKey): Result<Keyring, string> {
  if (!holdsKey(keyring, key)) return fail("Requested key is not in the keyring");
  return ok([key.slice(), ...keyring.filter((other) => !sameSecretBytes(other, key))]);
}

/** Forgets a key; the primary is refused, an unknown one is no error. */
export function removeKey(keyring: Keyring, key: GossipKey): Result<Keyring, string> {
  const primary = keyring[0];
  if (primary !== undefined && sameSecretBytes(primary, key))
    return fail("Removing the primary key is not allowed");
  return ok(keyring.filter((other) => !sameSecretBytes(other, key)));
}

export function holdsKey(keyring: Keyring, key: GossipKey): boolean {
  return keyring.some((other) => sameSecretBytes(other, key));
}

/** The keyring file of serf and Consul: a JSON array of base64 texts, primary first. */
export function encodeKeyringFile(keyring: Keyring): string {
  return JSON.stringify(keyring.map((key) => bytesToBase64(key)));
}

export function decodeKeyringFile(text: string): Result<Keyring, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("the keyring file is not JSON");
  }
  if (!Array.isArray(value) || value.length === 0) return fail("the keyring file holds no keys");
  let keyring: Keyring = noKeys;
  for (const entry of value) {
    const key = typeof entry === "string" ? parseKey(entry) : fail("a key that is no text");
    const more = key.ok ? installKey(keyring, key.value) : key;
    if (!more.ok) return fail(`the keyring file: ${more.error}`);
    keyring = more.value;
  }
  return ok(keyring);
}

/** One pool in /v1/operator/keyring. */
export type KeyringReply = {
  readonly WAN: boolean;
  readonly Datacenter: string;
  readonly Segment: string;
  /** Only where a member has something to say. */
  readonly Messages?: Readonly<Record<string, string>>;
  /** Key in base64 to how many members hold it. */
  readonly Keys: Readonly<Record<string, number>>;
  readonly PrimaryKeys: Readonly<Record<string, number>>;
  readonly NumNodes: number;
};
