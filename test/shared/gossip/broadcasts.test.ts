// The broadcast queue: order, budget, replacement and limits.

import { describe, expect, it } from "vitest";
import {
  type BroadcastQueue,
  enqueue,
  newBroadcastQueue,
  takeBroadcasts,
} from "../../../shared/gossip/broadcasts.ts";

function add(
  queue: BroadcastQueue,
  size: number,
  about: string | null = null,
  token: number | null = null,
): number[] {
  const finished: number[] = [];
  const message = { kind: "user" as const, payload: new Uint8Array(size - 1) };
  enqueue(queue, { message, size, about, token }, 5, finished);
  return finished;
}

function take(queue: BroadcastQueue, budget: number, finished: number[] = [], partsMax = 255): number[] {
  return takeBroadcasts(queue, budget, 2, partsMax, 3, finished).map(({ size }) => size);
}

describe("the broadcast queue", () => {
  it("gives the largest that fits of those that were sent least", () => {
    const queue = newBroadcastQueue();
    for (const size of [10, 30, 20, 90]) add(queue, size);
    expect(take(queue, 60)).toEqual([30, 20]);
    expect(take(queue, 60)).toEqual([10, 30]);
    expect(take(queue, 200)).toEqual([90, 20, 10, 30]);
  });

  it("gives the newest of those of one size first", () => {
    const queue = newBroadcastQueue();
    add(queue, 10, "older");
    add(queue, 10, "newer");
    const taken = takeBroadcasts(queue, 12, 2, 255, 3, []);
    expect(taken.map(({ about }) => about)).toEqual(["newer"]);
  });

  it("forgets what was sent often enough and reports its token once", () => {
    const queue = newBroadcastQueue();
    add(queue, 10, null, 7);
    const finished: number[] = [];
    for (let times = 0; times < 4; times += 1) take(queue, 100, finished);
    expect(finished).toEqual([7]);
    expect(queue.count).toBe(0);
  });

  it("replaces older news about the same member, and reports its token", () => {
    const queue = newBroadcastQueue();
    add(queue, 10, "b", 1);
    expect(add(queue, 20, "b", 2)).toEqual([1]);
    expect(queue.count).toBe(1);
    expect(take(queue, 100)).toEqual([20]);
  });

  it("replaces news that was sent before", () => {
    const queue = newBroadcastQueue();
    add(queue, 10, "b");
    take(queue, 100);
    add(queue, 20, "b");
    expect(take(queue, 100)).toEqual([20]);
  });

  it("drops what was sent most when it is full", () => {
    const queue = newBroadcastQueue();
    add(queue, 10, null, 9);
    take(queue, 100);
    for (const size of [20, 30, 40, 50]) add(queue, size);
    expect(add(queue, 60)).toEqual([9]);
    expect(queue.count).toBe(5);
  });

  it("puts no more parts into a packet than its count can tell", () => {
    const queue = newBroadcastQueue();
    for (const size of [5, 5, 5, 5]) add(queue, size);
    expect(take(queue, 1_000, [], 3)).toHaveLength(3);
  });

  it("agrees with a sorted list over many random operations", () => {
    const queue = newBroadcastQueue();
    const model: { size: number; sent: number; order: number }[] = [];
    let seed = 1;
    const dice = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    for (let round = 0; round < 2_000; round += 1) {
      if (model.length < 5 && dice(2) === 0) {
        const size = 3 + dice(40);
        add(queue, size);
        model.push({ size, sent: 0, order: round });
        continue;
      }
      let left = dice(120);
      const expected: typeof model = [];
      for (const one of model.sort((a, b) => a.sent - b.sent || b.size - a.size || b.order - a.order)) {
        if (one.size + 2 > left) continue;
        expected.push(one);
        left -= one.size + 2;
      }
      const budget = left + expected.reduce((sum, { size }) => sum + size + 2, 0);
      expect(take(queue, budget)).toEqual(expected.map(({ size }) => size));
      for (const one of expected) one.sent += 1;
      const kept = model.filter(({ sent }) => sent < 3);
      model.splice(0, model.length, ...kept);
      expect(queue.count).toBe(model.length);
    }
  });
});
