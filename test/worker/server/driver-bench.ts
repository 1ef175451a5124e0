// One driver on ports that a test turns by hand: what it sends is a list, and what it defers runs on demand.

import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { heldIndexes } from "../../../shared/state/held-indexes.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import type { ServerPorts } from "../../../worker/server/ports.ts";
import { createRaftDriver } from "../../../worker/server/raft-driver.ts";

export const [one, two, three] = ["server-1", "server-2", "server-3"] as [ServerId, ServerId, ServerId];

/** The driver of server "server-1" over `sql`, with a state machine that notes what it applies. */
export function server(sql: Sql, servers: readonly ServerId[]) {
  const deferred: (() => void)[] = [];
  const sent: RaftMessage[] = [];
  const logged: string[] = [];
  let now = 1_000;
  const ports = {
    sql: heldIndexes(sql),
    peers: { send: (_to, messages) => void sent.push(...messages), call: () => new Promise(() => {}) },
    wake: { at: () => {} },
    clock: { now: () => now },
    entropy: { seed: () => 1, uuid: () => "" },
    links: { all: () => [] },
    log: (level, message) => void logged.push(`${level} ${message}`),
    defer: (body) => void deferred.push(body),
  } satisfies ServerPorts;
  const applied: string[] = [];
  const config = {
    datacenter: "dc1",
    id: one,
    servers,
    addressOf: {},
    mode: "drowsy",
    version: "0",
  } as const;
  const driver = createRaftDriver(ports, config, (entry) => {
    applied.push(entry.command);
    return { result: `did ${entry.command}`, changed: [entry.command] };
  });
  return {
    driver,
    sent,
    logged,
    applied,
    turn: () => {
      for (const body of deferred.splice(0)) body();
    },
    at: (time: number) => {
      now = time;
      driver.wake();
    },
  };
}
