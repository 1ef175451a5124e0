// The last user events that this agent got: a ring of 256, oldest first, with those who wait for the next one
// (Consul: /v1/event/list). An event's id makes the index that clients wait with; it does not grow.

import type { U64 } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import type { UserEvent } from "./payload.ts";

export type ReceivedEvent = UserEvent & { readonly lTime: number };

export type EventBuffer = {
  add(event: ReceivedEvent): void;
  /** Events of a name, or all for "", oldest first. */
  list(name: string): readonly ReceivedEvent[];
  /** Calls once when the next event comes; the returned function takes it back. */
  onNext(callback: () => void): () => void;
  readonly waiters: number;
};

/** An empty buffer. */
export function createEventBuffer(): EventBuffer {
  const events: ReceivedEvent[] = [];
  const waiting = new Set<() => void>();
  return {
    add(event) {
      events.push(event);
      if (events.length > limits.userEventsKept) events.shift();
      const woken = [...waiting];
      waiting.clear();
      for (const callback of woken) callback();
    },
    list: (name) => (name === "" ? [...events] : events.filter((event) => event.name === name)),
    onNext(callback) {
      waiting.add(callback);
      return () => void waiting.delete(callback);
    },
    get waiters() {
      return waiting.size;
    },
  };
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The index of a list: both halves of the newest event's id combined, as Consul's clients compute it; 1 for none. */
export function eventIndex(events: readonly ReceivedEvent[]): U64 {
  const id = events.at(-1)?.id ?? "";
  if (!uuidForm.test(id)) return "1" as U64;
  const hex = id.replaceAll("-", "");
  const upper = BigInt(`0x${hex.slice(0, 16)}`);
  const lower = BigInt(`0x${hex.slice(16)}`);
  return String(upper ^ lower) as U64;
}
