import { describe, expect, it } from "vitest";
import {
  coordinateIntervalMillis,
  hasMoved,
  startCoordinateSender,
} from "../../../agent/gossip/coordinate-sender.ts";
import { startPoolDuties } from "../../../agent/gossip/pool-duties.ts";
import { originCoordinate } from "../../../shared/coordinate/coordinate.ts";
import { fail, ok } from "../../../shared/base/result.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { Coordinate } from "../../../shared/structs/coordinate.ts";
import { GossipWorld } from "./gossip-world.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

function sender(always: boolean) {
  const world = new VirtualWorld();
  const sent: Coordinate[] = [];
  const scene = { world, sent, coordinate: originCoordinate as Coordinate | null, up: true, stop: () => {} };
  scene.stop = startCoordinateSender({
    nodeName: "n1",
    always: () => always,
    coordinate: () => scene.coordinate,
    members: () => 3,
    backend: {
      call: async (_method: string, request: { coordinate: Coordinate }) => {
        if (!scene.up) return fail({ code: "noLeader" });
        sent.push(request.coordinate);
        return ok(true);
      },
    } as unknown as Backend,
    timers: world.ports.timers,
    now: () => world.now,
    random: () => 0.5,
  });
  return scene;
}

describe("the coordinate's sender", () => {
  it("sends every 15 s with a jitter where servers never sleep, more rarely in a large pool", async () => {
    const scene = sender(true);
    await scene.world.advance(60_000);
    expect(scene.sent.length).toBe(2);
    scene.stop();
    await scene.world.advance(60_000);
    expect(scene.sent.length).toBe(2);
    expect([3, 960, 6_400].map(coordinateIntervalMillis)).toEqual([15_000, 15_000, 100_000]);
  });

  it("wakes no sleeping server for a coordinate that has not moved", async () => {
    const scene = sender(false);
    await scene.world.advance(600_000);
    expect(scene.sent.length).toBe(1);
    scene.coordinate = { ...originCoordinate, Vec: [0.002, 0, 0, 0, 0, 0, 0, 0] };
    scene.up = false;
    await scene.world.advance(60_000);
    scene.up = true;
    await scene.world.advance(60_000);
    expect(scene.sent.length).toBe(2);
    await scene.world.advance(3_700_000);
    expect(scene.sent.length).toBe(3);
    scene.stop();
  });

  it("tells a move from noise", () => {
    const near = { ...originCoordinate, Vec: [0.0001, 0, 0, 0, 0, 0, 0, 0] };
    expect(hasMoved(null, near)).toBe(true);
    expect(hasMoved(originCoordinate, near)).toBe(false);
    expect(hasMoved(originCoordinate, { ...near, Error: 0.5 })).toBe(true);
  });
});

describe("the duties of a pool", () => {
  it("begin with the pool and end with it", async () => {
    const world = new GossipWorld();
    const pool = await world.pool("a", "10.0.0.1");
    const calls: string[] = [];
    const backend = {
      call: async (method: string) => {
        calls.push(method);
        return ok(true);
      },
    } as unknown as Backend;
    const config = { nodeName: "a", datacenter: "dc1", ownServer: null };
    const stop = startPoolDuties(pool, config, { backend, onUp: () => {} }, world.ports);
    await world.advance(40_000);
    expect(calls).toContain("Coordinate.Update");
    stop();
    calls.length = 0;
    await world.advance(100_000);
    expect(calls).toEqual([]);
  });
});
