import { describe, expect, it } from "vitest";
import { leaveBoth, leaveMillisMax, serverFirstMillis } from "../../agent/leaving.ts";
import { VirtualWorld } from "./rpc/virtual-world.ts";

function scene(servers: number, pool: number, isServer: boolean) {
  const time = new VirtualWorld();
  const pause = (millis: number) =>
    new Promise<void>((resolve) => void time.ports.timers.after(millis, resolve));
  const seen = { poolAt: -1, endedAt: -1 };
  const start = time.now;
  const leavePool = () => {
    seen.poolAt = time.now - start;
    return pause(pool);
  };
  void leaveBoth(pause(servers), leavePool, isServer, time.ports.timers).then(() => {
    seen.endedAt = time.now - start;
  });
  return { time, seen };
}

describe("leaving", () => {
  it.each([
    ["an agent tells servers and pool at once", 3_000, 4_000, false, 0, 4_000],
    ["an agent's servers may be the slower ones", 3_000, 1_000, false, 0, 3_000],
    ["a server leaves raft's group first", 300, 4_000, true, 300, 4_300],
    [
      "a server without a leader leaves the pool all the same",
      60_000,
      13_000,
      true,
      serverFirstMillis,
      leaveMillisMax,
    ],
  ])("%s", async (_what, servers, pool, isServer, poolAt, endedAt) => {
    const { time, seen } = scene(servers, pool, isServer);
    await time.advance(leaveMillisMax + 5_000);
    expect(seen).toEqual({ poolAt, endedAt });
  });

  it("takes no longer than Consul's graceful timeout", () => {
    expect(leaveMillisMax).toBe(15_000);
  });
});
