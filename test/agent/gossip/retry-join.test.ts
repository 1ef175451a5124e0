// Joining at start, until it works or the tries are used up.

import { describe, expect, it } from "vitest";
import { startRetryJoin } from "../../../agent/gossip/retry-join.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

function scenario(outcomes: readonly number[], triesMax = 0) {
  const world = new VirtualWorld();
  const seen = { tries: 0, exhausted: 0 };
  const stop = startRetryJoin(
    { addresses: ["x"], intervalMillis: 30_000, triesMax },
    async () => ({ joined: outcomes[seen.tries++] ?? 0, errors: ["refused"] }),
    world.ports,
    () => {
      seen.exhausted += 1;
    },
  );
  return { world, seen, stop };
}

describe("joining at start", () => {
  it("is tried at every interval until it works", async () => {
    const { world, seen } = scenario([0, 0, 1]);
    await world.advance(300_000);
    expect(seen).toEqual({ tries: 3, exhausted: 0 });
    expect(world.logs.at(-1)).toContain("Join cluster completed");
  });

  it("gives up when the tries are used up", async () => {
    const { world, seen } = scenario([], 2);
    await world.advance(300_000);
    expect(seen).toEqual({ tries: 2, exhausted: 1 });
  });

  it("stops when it is told to", async () => {
    const { world, seen, stop } = scenario([]);
    await world.advance(10_000);
    stop();
    await world.advance(300_000);
    expect(seen.tries).toBe(1);
  });
});
