import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { createBlockingQueries, type Parked } from "../../../worker/server/blocking-queries.ts";

type Result = { index: number; keys: string[]; value: unknown };

/** A table whose results the test sets by key. */
function table() {
  let turn: (() => void)[] = [];
  const results = new Map<string, Result>();
  const reads: string[] = [];
  const blocking = createBlockingQueries((body) => void turn.push(body));
  const read = (key: string) => (): Result => {
    reads.push(key);
    return results.get(key) ?? { index: 1, keys: [key], value: null };
  };
  return {
    blocking,
    reads,
    set: (key: string, index: number, value: unknown) => results.set(key, { index, keys: [key], value }),
    park(key: string, minIndex: number) {
      const outcomes: Parked[] = [];
      const query = { signature: key, read: read(key) };
      const leave = blocking.park(query, query.read(), minIndex, (outcome) => void outcomes.push(outcome));
      return { outcomes, leave };
    },
    endTurn() {
      const bodies = turn;
      turn = [];
      for (const body of bodies) body();
    },
  };
}

describe("blocking queries", () => {
  it("wakes everybody when the whole state was replaced, also if its indexes are lower", () => {
    const t = table();
    t.set("kv:a", 90, "old");
    const [a, b] = [t.park("kv:a", 90), t.park("service*:x", 90)];
    t.set("kv:a", 7, "restored");
    t.blocking.changed(["*"]);
    t.endTurn();
    expect(a.outcomes).toMatchObject([{ kind: "changed", result: { index: 7, value: "restored" } }]);
    expect(b.outcomes).toHaveLength(1);
  });

  it("wakes a waiter once when its own result changed, and not for others", () => {
    const t = table();
    t.set("kv:a", 5, "old");
    const { outcomes } = t.park("kv:a", 5);
    t.blocking.changed(["kv:b"]);
    t.endTurn();
    expect(outcomes).toEqual([]);
    t.set("kv:a", 7, "new");
    t.blocking.changed(["kv:a"]);
    t.blocking.changed(["kv:a"]);
    t.endTurn();
    expect(outcomes).toEqual([{ kind: "changed", result: { index: 7, keys: ["kv:a"], value: "new" } }]);
    expect(t.blocking.waiters + t.blocking.queries).toBe(0);
  });

  it("reads once for all who ask the same", () => {
    const t = table();
    t.set("kv:a", 5, "old");
    const waiters = [t.park("kv:a", 5), t.park("kv:a", 5), t.park("kv:a", 6)];
    t.reads.length = 0;
    t.set("kv:a", 6, "new");
    t.blocking.changed(["kv:a"]);
    t.endTurn();
    expect(t.reads).toEqual(["kv:a"]);
    expect(waiters.map((waiter) => waiter.outcomes.length)).toEqual([1, 1, 0]);
  });

  it("stays asleep when the index rose and the result did not change", () => {
    const t = table();
    t.set("kv:a", 5, "same");
    const { outcomes } = t.park("kv:a", 5);
    t.set("kv:a", 6, "same");
    t.blocking.changed(["kv:a"]);
    t.endTurn();
    expect(outcomes).toEqual([]);
  });

  it("never compares with a result older than what the waiter knows", () => {
    const t = table();
    t.set("kv:a", 3, "x"); // this server lags: the client saw index 5 with another value
    const { outcomes } = t.park("kv:a", 5);
    t.set("kv:a", 6, "x");
    t.blocking.changed(["kv:a"]);
    t.endTurn();
    expect(outcomes.length).toBe(1);
  });

  it("removes a waiter that left, and refuses one too many", () => {
    const t = table();
    t.set("kv:a", 5, "old");
    const first = t.park("kv:a", 5);
    first.leave();
    first.leave();
    expect(t.blocking.waiters).toBe(0);
    for (let n = 0; n < limits.waitersMax; n++) t.park("kv:a", 5);
    expect(t.park("kv:a", 5).outcomes).toEqual([{ kind: "full" }]);
    expect(t.blocking.waiters).toBe(limits.waitersMax);
    expect(first.outcomes).toEqual([]);
  });

  it("holds ten thousand waiters, wakes the one that is concerned, and all of a tree, once each", () => {
    const t = table();
    const count = 10_000;
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < count; n++) t.set(`kv:tree/${n}`, 5, "old");
    const waiters = Array.from({ length: count }, (_, n) => t.park(`kv:tree/${n}`, 5));
    expect(t.blocking.waiters).toBe(count);
    // The test's own bookkeeping included.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(count * 4_096);
    t.reads.length = 0;
    t.set("kv:tree/77", 6, "new");
    t.blocking.changed(["kv:tree/77", "kv:elsewhere"]);
    t.endTurn();
    expect(t.reads).toEqual(["kv:tree/77"]);
    expect(waiters.filter(({ outcomes }) => outcomes.length > 0)).toEqual([waiters[77]]);
    for (let n = 0; n < count; n++) t.set(`kv:tree/${n}`, 7, null);
    t.blocking.changed(["kv*:tree/"]);
    t.endTurn();
    expect(waiters.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
    expect([t.blocking.waiters, t.blocking.queries]).toEqual([0, 0]);
  });

  it("reads once for ten thousand who ask the same", () => {
    const t = table();
    t.set("kv:a", 5, "old");
    const waiters = Array.from({ length: 10_000 }, () => t.park("kv:a", 5));
    t.reads.length = 0;
    t.set("kv:a", 6, "new");
    t.blocking.changed(["kv:a"]);
    t.endTurn();
    expect(t.reads).toEqual(["kv:a"]);
    expect(waiters.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
  });
});
