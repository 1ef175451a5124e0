// Fires user events and takes in those of others: what is for this node, by name, services and tags, goes into the
// buffer. How an event reaches the other agents is the broadcast's business (gossip); without one it stays here.

import { compileGoRegexp } from "../../shared/base/regexp.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { limits } from "../../shared/limits.ts";
import { createEventBuffer, type EventBuffer } from "./buffer.ts";
import { decodeUserEvent, encodeUserEvent, serfEventPrefix, type UserEvent } from "./payload.ts";
import { remoteExecEvent } from "./remote-exec.ts";

/**
 * Sends an event to every agent of the datacenter, this one included: each calls `receive` with it.
 * The error is serf's text.
 */
export type UserEventBroadcast = (serfName: string, payload: Uint8Array) => Result<void, string>;

/** What the filters of an event are held against. */
export type LocalService = { readonly Service: string; readonly Tags: readonly string[] };

export type UserEvents = {
  /** The error is Consul's text, for status 500. */
  fire(event: Omit<UserEvent, "id" | "version">): Result<UserEvent, string>;
  /** An event of serf came in; names that are not Consul's are ignored. */
  receive(serfName: string, payload: Uint8Array, lTime: number): void;
  readonly buffer: EventBuffer;
  /** Replaces delivery to this agent alone by gossip. */
  broadcastWith(broadcast: UserEventBroadcast): void;
};

/** The user events of one agent. */
export function createUserEvents(parts: {
  readonly nodeName: string;
  readonly uuid: () => string;
  readonly services: () => Iterable<LocalService>;
  readonly defer: (body: () => void) => void;
  /** Remote execution; absent: orders are dropped. */
  readonly orders?: (payload: Uint8Array | null) => void;
}): UserEvents {
  const buffer = createEventBuffer();
  let localTime = 1;
  let broadcast: UserEventBroadcast = (name, payload) => {
    const problem = sizeProblem(name, payload);
    if (problem !== null) return fail(problem);
    localTime += 1;
    const lTime = localTime;
    parts.defer(() => events.receive(name, payload, lTime));
    return ok(undefined);
  };

  const events: UserEvents = {
    buffer,
    fire(asked) {
      const problem = filterProblem(asked);
      if (problem !== null) return fail(problem);
      const event: UserEvent = { ...asked, id: parts.uuid(), version: 1 };
      const sent = broadcast(`${serfEventPrefix}${event.name}`, encodeUserEvent(event));
      if (sent.ok) return ok(event);
      return fail(`1 error occurred:\n\t* error broadcasting event to segment "": ${sent.error}\n\n`);
    },
    receive(serfName, payload, lTime) {
      if (!serfName.startsWith(serfEventPrefix)) return;
      const event = decodeUserEvent(payload);
      if (event === null || !isForUs(event, parts.nodeName, parts.services())) return;
      if (event.name === remoteExecEvent) parts.orders?.(event.payload);
      else buffer.add({ ...event, lTime });
    },
    broadcastWith(next) {
      broadcast = next;
    },
  };
  return events;
}

function filterProblem(event: Omit<UserEvent, "id" | "version">): string | null {
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

/** A filter that cannot be read matches nobody; it comes from the network. */
function matches(source: string, text: string): boolean {
  const regexp = compileGoRegexp(source);
  return regexp.ok && regexp.value.test(text);
}

function isForUs(event: UserEvent, nodeName: string, services: Iterable<LocalService>): boolean {
  if (event.nodeFilter !== "" && !matches(event.nodeFilter, nodeName)) return false;
  if (event.serviceFilter === "") return true;
  for (const service of services) {
    if (!matches(event.serviceFilter, service.Service)) continue;
    if (event.tagFilter === "" || service.Tags.some((tag) => matches(event.tagFilter, tag))) return true;
  }
  return false;
}

/** Serf's own limits: the name with the payload, then the encoded message. */
function sizeProblem(serfName: string, payload: Uint8Array): string | null {
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
