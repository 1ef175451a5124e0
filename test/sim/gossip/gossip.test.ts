// Short runs of the gossip simulator; `npm run sim:gossip` has the long ones. A failure names its seed.

import { describe, expect, it } from "vitest";
import { lanProfile, withoutLifeguard } from "../../../shared/gossip/config.ts";
import { EventHeap } from "./event-heap.ts";
import { churn, detectCrash, partitionAndHeal, type Slowness, slowProcesses } from "./scenarios.ts";

describe("a simulated pool", () => {
  it.each([
    [10, 0],
    [10, 0.3],
    [100, 0],
    [100, 0.3],
  ])("of %i members at %f loss notices a crash soon, everywhere, and nothing else", (nodes, loss) => {
    const found = detectCrash(nodes, loss, lanProfile, 5);
    expect(found.falsePositives).toBe(0);
    expect(found.firstMillis ?? Number.POSITIVE_INFINITY).toBeLessThan(nodes === 10 ? 8_000 : 14_000);
    expect((found.fullMillis ?? Number.POSITIVE_INFINITY) - (found.firstMillis ?? 0)).toBeLessThan(3_000);
    expect(found.packetsPerNodeSecond).toBeLessThan(12);
  });

  it("agrees after a split that was short and after one that buried the other side", () => {
    for (const seed of [1, 2]) {
      expect(partitionAndHeal(24, 6_000, lanProfile, seed).agreedMillis).toBeLessThan(60_000);
      const long = partitionAndHeal(24, 90_000, lanProfile, seed, 0.1);
      expect(long.buried).toBe(true);
      expect(long.agreedMillis).toBeLessThan(200_000);
    }
  });

  it("agrees after members crashed, restarted, left and stalled at random under loss", () => {
    for (const seed of [1, 2, 3, 4]) expect(churn(20, 60, 0.2, lanProfile, seed).changes).toBe(60);
  });

  it("has a twentieth of the false alarms that it would have without Lifeguard, and finds crashes as fast", () => {
    const set: Slowness = {
      nodes: 64,
      how: "block",
      slow: 8,
      stallMillis: 16_000,
      runMillis: 256,
      seconds: 60,
    };
    const swim = slowProcesses(set, withoutLifeguard(lanProfile), 1);
    const lifeguard = slowProcesses(set, lanProfile, 1);
    expect(swim.falsePositives).toBeGreaterThan(200);
    expect(lifeguard.falsePositives * 20).toBeLessThan(swim.falsePositives);
    expect(lifeguard.fullMillis).toBeLessThan(16_000);
  });

  it("accuses nobody for a process that did not run", () => {
    const set: Slowness = {
      nodes: 64,
      how: "stall",
      slow: 16,
      stallMillis: 8_000,
      runMillis: 1_000,
      seconds: 60,
    };
    expect(slowProcesses(set, lanProfile, 1).falsePositives).toBe(0);
  });

  it("does the same again from the same seed", () => {
    expect(detectCrash(20, 0.2, lanProfile, 9)).toEqual(detectCrash(20, 0.2, lanProfile, 9));
    expect(detectCrash(20, 0.2, lanProfile, 9)).not.toEqual(detectCrash(20, 0.2, lanProfile, 10));
  });
});

describe("the simulator's queue", () => {
  it("runs what is due in order of time, then of arrival", () => {
    const heap = new EventHeap();
    const order: number[] = [];
    const times = Array.from({ length: 200 }, (_, at) => (at * 7919) % 50);
    for (const [place, at] of times.entries()) heap.push(at, () => order.push(place));
    heap.runUntil(30, () => {});
    const due = times.map((at, place) => ({ at, place })).filter(({ at }) => at <= 30);
    due.sort((a, b) => a.at - b.at || a.place - b.place);
    expect(order).toEqual(due.map(({ place }) => place));
  });
});
