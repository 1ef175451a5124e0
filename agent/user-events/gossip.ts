// Lets user events travel by gossip: fired here they go to the pool, and what the pool delivers comes in.

import { fail, ok } from "../../shared/base/result.ts";
import type { LanPool } from "../gossip/lan-pool.ts";
import type { UserEvents } from "./fire.ts";

/** Connects them for as long as both live. A pool whose port could not be opened carries nothing: events stay here. */
export function carryUserEvents(pool: Pick<LanPool, "serf" | "onEvent">, events: UserEvents): void {
  const layer = pool.serf();
  if (layer === null) return;
  pool.onEvent((event) => {
    if (event.kind === "userEvent")
      events.receive(event.name, event.payload ?? new Uint8Array(0), event.time);
  });
  events.broadcastWith((name, payload) => {
    const refused = layer.give({ kind: "userEvent", name, payload, coalesce: true });
    return refused === null ? ok(undefined) : fail(refused);
  });
}
