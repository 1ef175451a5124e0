// The last user events that this agent got: a ring of 256, oldest first, with those who wait for the next one
// (Consul: /v1/event/list). An event's id makes the index that clients wait with; it does not grow.

import { limits } from "../../shared/limits.ts";
import type { UserEvent } from "../../shared/structs/user-event.ts";

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
