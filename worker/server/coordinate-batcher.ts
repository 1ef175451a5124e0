// Coordinates come from every agent all the time and matter little one by one: what comes in within a few seconds is
// one log entry a batch, the newest of a node winning (Consul: 5 s, 128 a batch, 5 batches; surface G6). What is
// collected when the server falls asleep is lost; the agents send again.

import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { NodeCoordinate } from "../../shared/structs/coordinate.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Log } from "./ports.ts";

export type CoordinateBatcher = { add(update: NodeCoordinate): void };

/** Collects until the period of the first update is over, then writes in batches. */
export function createCoordinateBatcher(parts: {
  readonly deadlines: Pick<Deadlines, "after">;
  readonly log: Log;
  write(updates: readonly NodeCoordinate[]): Promise<Result<true, ServerError>>;
}): CoordinateBatcher {
  const collected = new Map<string, NodeCoordinate>();
  const updatesMax = limits.coordinateBatchSize * limits.coordinateBatchesMax;

  async function flush(): Promise<void> {
    const updates = [...collected.values()];
    collected.clear();
    for (let at = 0; at < updates.length; at += limits.coordinateBatchSize) {
      const written = await parts.write(updates.slice(at, at + limits.coordinateBatchSize));
      if (written.ok) continue;
      parts.log("warn", "server: coordinates were not written", { error: JSON.stringify(written.error) });
      return;
    }
  }

  return {
    add(update) {
      const key = `${update.Node}\n${update.Segment}`;
      // Consul drops what is above its rate, too: the next period brings it again.
      if (collected.size >= updatesMax && !collected.has(key)) return;
      if (collected.size === 0) parts.deadlines.after(limits.coordinatePeriodMillis, () => void flush());
      collected.set(key, update);
    },
  };
}
