import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { limits } from "../../../shared/limits.ts";
import { nextExpiry, oldestReapable, reapableIndex } from "../../../shared/state/expiry.ts";
import { read, type TestState, testState } from "../../support/state-builders.ts";

const flags = "0" as U64;

function write(state: TestState, key: string, at: number, ttlMillis?: number, value = "eA==") {
  const ttl = ttlMillis === undefined ? {} : { ttlMillis };
  return state.apply({ kind: "kv", operation: { verb: "set", key, value, flags, ...ttl } }, at);
}

const keys = (state: TestState) => read(state.sql, "KVS.ListKeys", { prefix: "", separator: "" }).value;

describe("a key with a time to live", () => {
  it("goes with the entry that says its time came, and raises the index of its prefix", () => {
    const state = testState();
    write(state, "a/short", 1_000, 5_000);
    write(state, "a/long", 1_000, 60_000);
    write(state, "a/stays", 1_000);
    expect(nextExpiry(state.sql)).toBe(6_000);
    expect(state.apply({ kind: "expireKeys", upTo: 5_999 }, 5_999)).toEqual({
      result: { ok: true, value: 0 },
      changed: [],
    });
    const expired = state.apply({ kind: "expireKeys", upTo: 6_000 }, 6_000);
    expect(expired).toEqual({ result: { ok: true, value: 1 }, changed: ["kv:a/short"] });
    expect(keys(state)).toEqual(["a/long", "a/stays"]);
    expect(read(state.sql, "KVS.List", { prefix: "a/" }).index).toBe(state.index());
    expect(nextExpiry(state.sql)).toBe(61_000);
  });

  it("gets more time by the same write, which no watcher sees, and stays after one without", () => {
    const state = testState();
    write(state, "k", 1_000, 5_000);
    const before = read(state.sql, "KVS.Get", { key: "k" });
    expect(write(state, "k", 4_000, 5_000).changed).toEqual(["kv-expiry:"]);
    expect(nextExpiry(state.sql)).toBe(9_000);
    expect(read(state.sql, "KVS.Get", { key: "k" })).toEqual(before);
    expect(write(state, "k", 5_000).changed).toEqual([]);
    expect(nextExpiry(state.sql)).toBeNull();
  });

  it("goes in portions when very many are due", () => {
    const state = testState();
    const count = limits.expiriesPerEntryMax + 1;
    for (let n = 0; n < count; n++) write(state, `k${n}`, 1_000, 1_000);
    expect(state.apply({ kind: "expireKeys", upTo: 9_000 }).result).toEqual({ ok: true, value: count - 1 });
    expect(state.apply({ kind: "expireKeys", upTo: 9_000 }).result).toEqual({ ok: true, value: 1 });
  });
});

describe("reaping", () => {
  it("finds the oldest tombstone and the index up to which they are old enough", () => {
    const state = testState();
    for (const key of ["a", "b"]) state.set(key, "eA==");
    const remove = (key: string, at: number) =>
      state.apply({ kind: "kv", operation: { verb: "delete", key } }, at);
    remove("a", 1_000);
    const upTo = state.index();
    remove("b", 2_000);
    expect(oldestReapable(state.sql)).toBe(1_000);
    expect(reapableIndex(state.sql, 1_500)).toBe(upTo);
    state.apply({ kind: "reapTombstones", upTo }, 5_000);
    expect(oldestReapable(state.sql)).toBe(2_000);
    state.apply({ kind: "reapTombstones", upTo: state.index() }, 5_000);
    expect(oldestReapable(state.sql)).toBeNull();
    expect(reapableIndex(state.sql, 9_999)).toBe(0);
  });

  it("takes away lock delays that are over", () => {
    const state = testState();
    const id = "11111111-0000-0000-0000-000000000001";
    state.register("n");
    state.session(id, { LockDelay: 3e9 });
    state.lock("acquire", "k", id);
    state.apply({ kind: "session", operation: { verb: "destroy", id } }, 10_000);
    expect(oldestReapable(state.sql)).toBe(13_000);
    state.apply({ kind: "reapTombstones", upTo: 0 }, 12_999);
    expect(oldestReapable(state.sql)).toBe(13_000);
    state.apply({ kind: "reapTombstones", upTo: 0 }, 13_000);
    expect(oldestReapable(state.sql)).toBeNull();
  });
});
