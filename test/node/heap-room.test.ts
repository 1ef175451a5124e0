// agent/runtime/heap-room.ts, with a load that the test says.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fitHeapToLoad } from "../../agent/runtime/heap-room.ts";

const still = { usedBytes: () => 20e6, collect: () => {}, compact: () => {} };

describe("the room of the heap", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is small while the agent is quiet, V8's own choice while it is busy, and left alone at the start", () => {
    const set: number[] = [];
    let load = 0.05;
    const stop = fitHeapToLoad({
      busyShare: () => load,
      setGrowthPercent: (percent) => void set.push(percent),
      ...still,
    });
    vi.advanceTimersByTime(19_000);
    expect(set).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(set).toEqual([15]);
    load = 0.8;
    vi.advanceTimersByTime(40_000);
    expect(set).toEqual([15, 0]);
    load = 0.1;
    vi.advanceTimersByTime(20_000);
    expect(set).toEqual([15, 0, 15]);
    stop();
    load = 0.9;
    vi.advanceTimersByTime(60_000);
    expect(set).toEqual([15, 0, 15]);
  });

  it("is put together when it has been quiet for a minute, then every quarter of an hour, never under load", () => {
    let compactions = 0;
    let load = 0.05;
    const stop = fitHeapToLoad({
      busyShare: () => load,
      ...still,
      setGrowthPercent: () => {},
      compact: () => {
        compactions += 1;
      },
    });
    vi.advanceTimersByTime(40_000);
    expect(compactions).toBe(0);
    vi.advanceTimersByTime(20_000);
    expect(compactions).toBe(1);
    vi.advanceTimersByTime(15 * 60_000);
    expect(compactions).toBe(1);
    vi.advanceTimersByTime(20_000);
    expect(compactions).toBe(2);
    load = 0.9;
    vi.advanceTimersByTime(60 * 60_000);
    expect(compactions).toBe(2);
    stop();
  });

  it("is swept when it has grown by a seventh since the last time, while the agent is quiet", () => {
    let used = 20e6;
    let load = 0.05;
    let sweeps = 0;
    const stop = fitHeapToLoad({
      ...still,
      busyShare: () => load,
      setGrowthPercent: () => {},
      usedBytes: () => used,
      collect: () => {
        sweeps += 1;
        used = 21e6;
      },
    });
    vi.advanceTimersByTime(80_000); // put together at 60 s
    used = 22.9e6;
    vi.advanceTimersByTime(60_000);
    expect(sweeps).toBe(0);
    used = 23.1e6;
    vi.advanceTimersByTime(60_000);
    expect(sweeps).toBe(1);
    used = 40e6;
    load = 0.9;
    vi.advanceTimersByTime(60_000);
    expect(sweeps).toBe(1);
    stop();
  });
});
