import { describe, expect, it } from "vitest";
import { readLayer, valuesOf } from "../../../agent/config/layers.ts";
import { buildOwnServer, buildPerformance, serverMistake } from "../../../agent/config/server-settings.ts";

function values(settings: object) {
  const layer = readLayer({ ...settings });
  if (!layer.ok) throw new Error(layer.error);
  return valuesOf(layer.value);
}

describe("the settings of a server", () => {
  it("tell one server from several, and from one that waits to be added", () => {
    const own = (settings: object) => buildOwnServer(values({ server: true, ...settings }), false);
    expect(own({ bootstrap_expect: 1 })).toMatchObject({ bootstrap: true, bootstrapExpect: 0 });
    expect(own({ bootstrap: true })).toMatchObject({ bootstrap: true, bootstrapExpect: 0 });
    expect(own({ bootstrap_expect: 3 })).toMatchObject({ bootstrap: false, bootstrapExpect: 3 });
    expect(own({})).toMatchObject({ bootstrap: false, bootstrapExpect: 0, nonVoter: false });
    expect(buildOwnServer(values({}), false)).toBe(null);
  });

  it("begin autopilot with what the file says, the rest with Consul's defaults", () => {
    const autopilot = { cleanup_dead_servers: false, last_contact_threshold: "1s" };
    expect(buildOwnServer(values({ server: true, autopilot }), false)?.autopilot).toMatchObject({
      CleanupDeadServers: false,
      LastContactThreshold: 1_000,
      MaxTrailingLogs: 250,
      ServerStabilizationTime: 10_000,
    });
  });

  it("scale raft's times and the wait for a leader", () => {
    expect(buildPerformance(values({}))).toEqual({
      raftMultiplier: 1,
      rpcHoldMillis: 7_000,
      leaveDrainMillis: 5_000,
    });
    const performance = { raft_multiplier: 5, rpc_hold_timeout: "1s", leave_drain_time: "100ms" };
    expect(buildPerformance(values({ performance }))).toEqual({
      raftMultiplier: 5,
      rpcHoldMillis: 1_000,
      leaveDrainMillis: 100,
    });
  });

  it.each([
    [{ bootstrap_expect: 3 }, "'bootstrap_expect > 0' requires 'server = true'"],
    [{ bootstrap: true }, "'bootstrap = true' requires 'server = true'"],
    [
      { server: true, bootstrap: true, bootstrap_expect: 3 },
      "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive",
    ],
    [
      { performance: { raft_multiplier: 11 } },
      "performance.raft_multiplier cannot be 11. Must be between 1 and 10",
    ],
  ])("%j cannot be", (settings, mistake) => {
    expect(serverMistake(values(settings), false)).toBe(mistake);
  });
});
