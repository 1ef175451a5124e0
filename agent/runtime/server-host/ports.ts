// What a server needs from Node: timer, clock, randomness, the end of a turn.

import { randomInt, randomUUID } from "node:crypto";
import type { ServerPorts, Wake } from "../../../worker/server/ports.ts";

/** Node turns a longer delay into 1 ms; an early end is set again. */
const delayMillisMax = 2 ** 31 - 1;

export type HostWake = Wake & { stop(): void };

/** One timer; `due` is called in a turn of its own, never early. */
export function createWake(now: () => number, due: () => void): HostWake {
  let timer: NodeJS.Timeout | null = null;
  let firesAt = 0;
  let wanted: number | null = null;
  let stopped = false;

  function fired(): void {
    timer = null;
    if (wanted === null) return;
    if (now() < wanted) arm(wanted);
    else {
      wanted = null;
      due();
    }
  }

  function arm(deadline: number): void {
    firesAt = deadline;
    timer = setTimeout(fired, Math.min(Math.max(0, deadline - now()), delayMillisMax));
  }

  function disarm(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  return {
    at(deadline) {
      wanted = stopped ? null : deadline;
      // Every write moves the deadline on. A timer that fires before it looks again: there is none to set each time.
      if (wanted === null || (timer !== null && firesAt <= wanted)) return;
      disarm();
      arm(wanted);
    },
    stop() {
      stopped = true;
      wanted = null;
      disarm();
    },
  };
}

/** The ports of a server in this process. */
export function hostPorts(
  given: Pick<ServerPorts, "sql" | "wake" | "log" | "peers" | "links" | "directory">,
): ServerPorts {
  return {
    ...given,
    clock: { now: () => Date.now() },
    entropy: { seed: () => randomInt(1, 2 ** 32), uuid: () => randomUUID() },
    defer: (body) => void setImmediate(body),
  };
}
