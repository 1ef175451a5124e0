// User events where they are JSON: as the servers keep them and as they travel over links, their bounds, and how the
// API shows them (Consul: /v1/event). In gossip they are msgpack: shared/wire/user-event.ts.

import { base64ToBytes, bytesToBase64 } from "../base/base64.ts";
import type { U64 } from "../base/brand.ts";
import { compileGoRegexp } from "../base/regexp.ts";
import { limits } from "../limits.ts";

/** As agents work with it. */
export type UserEvent = {
  readonly id: string;
  readonly name: string;
  /** Null when there is none: the API tells it from nothing. */
  readonly payload: Uint8Array | null;
  /** Regular expressions in Go's syntax; "" takes all. */
  readonly nodeFilter: string;
  readonly serviceFilter: string;
  readonly tagFilter: string;
  readonly version: number;
};

/** An event that was fired: what /v1/event/list shows of it. */
export type EventRow = {
  readonly ID: string;
  readonly Name: string;
  /** Base64. */
  readonly Payload: string | null;
  /** Regular expressions; "" takes all. */
  readonly NodeFilter: string;
  readonly ServiceFilter: string;
  readonly TagFilter: string;
  readonly Version: number;
  /** Lamport time. */
  readonly LTime: number;
};

export function eventRow(event: UserEvent, lTime: number): EventRow {
  return {
    ID: event.id,
    Name: event.name,
    Payload: event.payload === null ? null : bytesToBase64(event.payload),
    NodeFilter: event.nodeFilter,
    ServiceFilter: event.serviceFilter,
    TagFilter: event.tagFilter,
    Version: event.version,
    LTime: lTime,
  };
}

export function eventOfRow(row: EventRow): UserEvent {
  return {
    id: row.ID,
    name: row.Name,
    payload: row.Payload === null ? null : base64ToBytes(row.Payload),
    nodeFilter: row.NodeFilter,
    serviceFilter: row.ServiceFilter,
    tagFilter: row.TagFilter,
    version: row.Version,
  };
}

/** What is wrong with the filters of an event, in Consul's words; null when nothing is. */
export function filterProblem(event: Omit<UserEvent, "id" | "version">): string | null {
  if (event.tagFilter !== "" && event.serviceFilter === "") {
    return "Cannot provide tag filter without service filter";
  }
  const filters = [
    ["node", event.nodeFilter],
    ["service", event.serviceFilter],
    ["tag", event.tagFilter],
  ] as const;
  for (const [name, source] of filters) {
    const regexp = compileGoRegexp(source);
    if (!regexp.ok) return `Invalid ${name} filter: ${regexp.error}`;
  }
  return null;
}

/** Serf's own limits: the name with the payload, then the encoded message. Null when it is small enough. */
export function eventSizeProblem(serfName: string, payload: Uint8Array): string | null {
  const limit = limits.userEventBytesMax;
  const size = new TextEncoder().encode(serfName).length + payload.length;
  if (size > limit) return `user event exceeds configured limit of ${limit} bytes before encoding`;
  // Type byte, map, the keys LTime, Name, Payload and CC with their values' heads.
  if (size + serfEnvelopeBytes > limit) {
    return `encoded user event exceeds configured limit of ${limit} bytes after encoding`;
  }
  return null;
}

const serfEnvelopeBytes = 30;

/** Serf's error as Consul's agent passes it on. */
export function broadcastError(text: string): string {
  return `1 error occurred:\n\t* error broadcasting event to segment "": ${text}\n\n`;
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The index of a list: both halves of the newest event's id combined, as Consul's clients compute it; 1 for none. */
export function eventIndex(newestId: string): U64 {
  if (!uuidForm.test(newestId)) return "1" as U64;
  const hex = newestId.replaceAll("-", "");
  const upper = BigInt(`0x${hex.slice(0, 16)}`);
  const lower = BigInt(`0x${hex.slice(16)}`);
  return String(upper ^ lower) as U64;
}
