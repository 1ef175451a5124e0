// What must never leave us: packets that end a serf 0.9.4 or Consul 1.8.7 process (reference section 16.1).

import { decodeSerfMessage } from "../../../shared/wire/serf-messages.ts";
import { decompress, openPacket } from "../../../shared/wire/gossip-packets.ts";
import { framingWith } from "../../support/gossip-framing.ts";
import type { Keyring } from "../../../shared/structs/keyring.ts";
import { decryptBlock } from "../../../shared/wire/gossip-encryption.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";

const type = { compound: 7, user: 8, compress: 9, checksum: 12 };
const serf = { query: 4, relay: 9 };
const keyChanges = new Set(["_serf_install-key", "_serf_use-key", "_serf_remove-key"]);

/** Null for a packet that is safe and that we can read ourselves, else what is wrong with it. */
export function hazardOf(datagram: Uint8Array, keyring: Keyring): string | null {
  const opened = openPacket(datagram, framingWith(keyring));
  if (!opened.ok) return `we cannot read it: ${opened.error}`;
  if (opened.value.dropped > 0) return "a part of it cannot be read";
  let plain: Uint8Array = datagram;
  if (keyring.length > 0) {
    const decrypted = decryptBlock(datagram, keyring, new Uint8Array(0), gossipCipher);
    if (!decrypted.ok) return decrypted.error;
    plain = decrypted.value;
  }
  return hazardIn(plain[0] === type.checksum ? plain.subarray(5) : plain);
}

function hazardIn(message: Uint8Array): string | null {
  if (message.length === 0) return "an empty message";
  if (message[0] === type.compound) return hazardInCompound(message);
  if (message[0] === type.compress) {
    const plain = decompress(message, 1 << 20);
    return plain.ok ? hazardIn(plain.value) : `compressed, but ${plain.error}`;
  }
  return message[0] === type.user ? hazardInSerf(message.subarray(1)) : null;
}

function hazardInCompound(message: Uint8Array): string | null {
  const count = message[1] ?? 0;
  let at = 2 + 2 * count;
  for (let part = 0; part < count; part += 1) {
    const length = ((message[2 + 2 * part] ?? 0) << 8) | (message[3 + 2 * part] ?? 0);
    const hazard = hazardIn(message.subarray(at, at + length));
    if (hazard !== null) return hazard;
    at += length;
  }
  return null;
}

function hazardInSerf(payload: Uint8Array): string | null {
  if (payload.length === 0) return "an empty user message";
  const message = decodeSerfMessage(payload);
  if (!message.ok) return payload[0] === serf.query || payload[0] === serf.relay ? message.error : null;
  if (message.value.kind === "relay") return hazardInSerf(message.value.inner);
  if (message.value.kind !== "query") return null;
  const { filters, name, payload: body } = message.value;
  if (filters.some((filter) => filter.length === 0)) return "a query with an empty filter";
  if (keyChanges.has(name) && (body === null || body.length === 0)) return `${name} without a key`;
  return null;
}
