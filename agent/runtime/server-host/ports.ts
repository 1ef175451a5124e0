// What a server needs from Node: timer, clock, randomness, the end of a turn. It is alone: no peers, and no links,
// because the agent of this process calls it directly.

import { randomInt, randomUUID } from "node:crypto";
import { fail } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import type { Log, Peers, ServerPorts, Wake } from "../../../worker/server/ports.ts";

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

const nobody: Peers = {
  send() {},
  call: (to) => Promise.resolve(fail(serverError("noServers", `no server ${to}`))),
};

/** The ports of a server that is alone in this process. */
export function hostPorts(sql: Sql, wake: Wake, log: Log): ServerPorts {
  return {
    sql,
    wake,
    log,
    peers: nobody,
    clock: { now: () => Date.now() },
    entropy: { seed: () => randomInt(1, 2 ** 32), uuid: () => randomUUID() },
    links: { all: () => [] },
    defer: (body) => void setImmediate(body),
  };
}
