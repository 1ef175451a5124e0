// What a server needs from Node: timer, clock, randomness, the end of a turn.

import { randomInt, randomUUID } from "node:crypto";
import type { ServerPorts, Wake } from "../../../worker/server/ports.ts";

/** Node turns a longer delay into 1 ms; an early end is set again. */
const delayMillisMax = 2 ** 31 - 1;

export type HostWake = Wake & { stop(): void };

/** One timer; `due` is called in a turn of its own, never early. */
export function createWake(now: () => number, due: () => void): HostWake {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function arm(deadline: number): void {
    timer = setTimeout(
      () => {
        timer = null;
        if (now() < deadline) arm(deadline);
        else due();
      },
      Math.min(Math.max(0, deadline - now()), delayMillisMax),
    );
  }

  function disarm(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  return {
    at(deadline) {
      disarm();
      if (deadline !== null && !stopped) arm(deadline);
    },
    stop() {
      stopped = true;
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
