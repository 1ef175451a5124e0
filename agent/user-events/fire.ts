// Fires user events and takes in those of others: what is for this node, by name, services and tags, goes into the
// buffer. How an event reaches the other agents is the broadcast's business (gossip); without one it stays here.

import { compileGoRegexp } from "../../shared/base/regexp.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { limits } from "../../shared/limits.ts";
import {
  broadcastError,
  type EventRow,
  eventOfRow,
  eventRow,
  eventSizeProblem,
  filterProblem,
  type UserEvent,
} from "../../shared/structs/user-event.ts";
import { createEventBuffer, type EventBuffer } from "./buffer.ts";
import { decodeUserEvent, encodeUserEvent, serfEventPrefix } from "../../shared/wire/user-event.ts";
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
  /** An event came over the link. */
  receiveFromServers(row: EventRow): void;
  readonly buffer: EventBuffer;
  /** Replaces delivery to this agent alone by gossip. */
  broadcastWith(broadcast: UserEventBroadcast): void;
  /** What is fired here goes to the servers, too, who tell the agents that gossip does not reach. */
  relayWith(relay: (row: EventRow) => void): void;
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
  let relay: ((row: EventRow) => void) | null = null;
  /** An event comes by gossip and from the servers; the ids of those that came, oldest first. */
  const known = new Set<string>();
  let broadcast: UserEventBroadcast = (name, payload) => {
    const problem = eventSizeProblem(name, payload);
    if (problem !== null) return fail(problem);
    localTime += 1;
    const lTime = localTime;
    parts.defer(() => events.receive(name, payload, lTime));
    return ok(undefined);
  };

  /** Once for each id. */
  function take(event: UserEvent, lTime: number): void {
    if (known.has(event.id)) return;
    known.add(event.id);
    for (const oldest of known) {
      if (known.size <= limits.userEventIdsKept) break;
      known.delete(oldest);
    }
    localTime = Math.max(localTime, lTime);
    if (!isForUs(event, parts.nodeName, parts.services())) return;
    if (event.name === remoteExecEvent) parts.orders?.(event.payload);
    else buffer.add({ ...event, lTime });
  }

  const events: UserEvents = {
    buffer,
    fire(asked) {
      const problem = filterProblem(asked);
      if (problem !== null) return fail(problem);
      const event: UserEvent = { ...asked, id: parts.uuid(), version: 1 };
      const sent = broadcast(`${serfEventPrefix}${event.name}`, encodeUserEvent(event));
      if (sent.ok) {
        relay?.(eventRow(event, 0));
        return ok(event);
      }
      return fail(broadcastError(sent.error));
    },
    receive(serfName, payload, lTime) {
      if (!serfName.startsWith(serfEventPrefix)) return;
      const event = decodeUserEvent(payload);
      if (event !== null) take(event, lTime);
    },
    receiveFromServers: (row) => take(eventOfRow(row), localTime + 1),
    broadcastWith(next) {
      broadcast = next;
    },
    relayWith(next) {
      relay = next;
    },
  };
  return events;
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
