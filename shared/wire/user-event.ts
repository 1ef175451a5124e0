// A user event of Consul and its bytes: serf's event "consul:event:NAME" carries a msgpack map with id, name, payload,
// filters and version (reference/gossip-protocol.md section 13.4).

import { decode, encode } from "@msgpack/msgpack";
import type { UserEvent } from "../structs/user-event.ts";

/** What serf calls an event of Consul. */
export const serfEventPrefix = "consul:event:";

export function encodeUserEvent(event: UserEvent): Uint8Array {
  const { id, name, payload, nodeFilter, serviceFilter, tagFilter, version } = event;
  return encode({
    ID: id,
    n: name,
    ...(payload === null || payload.length === 0 ? {} : { p: payload }),
    ...(nodeFilter === "" ? {} : { nf: nodeFilter }),
    ...(serviceFilter === "" ? {} : { sf: serviceFilter }),
    ...(tagFilter === "" ? {} : { tf: tagFilter }),
    v: version,
  });
}

/** Null for bytes that are no event: they come from the network. */
export function decodeUserEvent(bytes: Uint8Array): UserEvent | null {
  let value: unknown;
  try {
    value = decode(bytes, {
      maxStrLength: 4_096,
      maxBinLength: 16_384,
      maxMapLength: 32,
      maxArrayLength: 32,
    });
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof fields.ID !== "string" || typeof fields.n !== "string") return null;
  const payload = payloadOf(fields.p);
  return {
    id: fields.ID,
    name: fields.n,
    payload: payload === null || payload.length === 0 ? null : payload,
    nodeFilter: textOf(fields.nf),
    serviceFilter: textOf(fields.sf),
    tagFilter: textOf(fields.tf),
    version: typeof fields.v === "number" ? fields.v : 1,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Old agents write bytes as text. */
function payloadOf(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? new TextEncoder().encode(value) : null;
}
