import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { prefixEnd } from "../../../shared/state/kv.ts";
import { read, testState } from "../../support/state-builders.ts";

const zero = "0" as U64;

describe("the KV store", () => {
  it("keeps value, flags and create index as the API shows them", () => {
    const state = testState();
    state.set("a", "aGVsbG8=", "18446744073709551615");
    const first = read(state.sql, "KVS.Get", { key: "a" });
    expect(first).toEqual({
      index: 11,
      keys: ["kv:a"],
      value: {
        LockIndex: 0,
        Key: "a",
        Flags: "18446744073709551615",
        Value: "aGVsbG8=",
        CreateIndex: 11,
        ModifyIndex: 11,
      },
    });
    state.set("a", "d29ybGQ=");
    expect(read(state.sql, "KVS.Get", { key: "a" }).value).toMatchObject({
      Flags: "0",
      CreateIndex: 11,
      ModifyIndex: 12,
    });
  });

  it("elides a write that changes nothing, but not one of other flags", () => {
    const state = testState();
    state.set("a", "eA==");
    expect(state.set("a", "eA==")).toEqual({ result: { ok: true, value: true }, changed: [] });
    expect(read(state.sql, "KVS.Get", { key: "a" }).index).toBe(11);
    expect(state.set("a", "eA==", "1").changed).toEqual(["kv:a"]);
    expect(read(state.sql, "KVS.Get", { key: "a" }).index).toBe(13);
  });

  it("shows an empty value as null", () => {
    const state = testState();
    state.set("a", "");
    expect(read(state.sql, "KVS.Get", { key: "a" }).value?.Value).toBe(null);
  });

  it("checks and sets: 0 creates only, anything else must be the modify index", () => {
    const state = testState();
    const cas = (key: string, modifyIndex: number, value = "eA==") =>
      state.kv({ verb: "cas", key, value, flags: zero, modifyIndex });
    expect(cas("c", 999).result).toEqual({ ok: true, value: false });
    expect(cas("c", 0).result).toEqual({ ok: true, value: true });
    const at = read(state.sql, "KVS.Get", { key: "c" }).index;
    expect(cas("c", 0, "eQ==")).toEqual({ result: { ok: true, value: false }, changed: [] });
    expect(cas("c", at, "eQ==").result).toEqual({ ok: true, value: true });
    expect(cas("c", at, "eg==").result).toEqual({ ok: true, value: false });
  });

  it("deletes with a check, and calls a missing key deleted", () => {
    const state = testState();
    state.set("d", "eA==");
    const remove = (key: string, modifyIndex: number) => state.kv({ verb: "delete-cas", key, modifyIndex });
    expect(remove("d", 1).result).toEqual({ ok: true, value: false });
    expect(remove("d", 0).result).toEqual({ ok: true, value: false });
    expect(remove("d", 11).result).toEqual({ ok: true, value: true });
    expect(read(state.sql, "KVS.Get", { key: "d" }).value).toBe(null);
    expect(remove("d", 0)).toEqual({ result: { ok: true, value: true }, changed: [] });
    expect(state.kv({ verb: "delete", key: "d" })).toEqual({
      result: { ok: true, value: true },
      changed: [],
    });
  });

  it("keeps a session when a plain write resets the lock index", () => {
    const state = testState();
    state.set("l", "eA==");
    state.sql.exec("UPDATE kv SET session = ?, lock_index = 2 WHERE key = ?", "s1", "l");
    state.set("l", "eA==");
    expect(JSON.stringify(read(state.sql, "KVS.Get", { key: "l" }).value)).toBe(
      '{"LockIndex":0,"Key":"l","Flags":"0","Value":"eA==","Session":"s1","CreateIndex":11,"ModifyIndex":12}',
    );
  });

  it("lists in byte order, with spaces, wildcards and all of Unicode", () => {
    const state = testState();
    const keys = [
      "r/b",
      "r/a",
      "r/a/x",
      "ra",
      "R",
      "r/%",
      "r/_",
      "r/\u{fffd}",
      "r/\u{1f600}",
      "r/ü",
      "r/\u{ffff}",
    ];
    for (const key of keys) state.set(key, "eA==");
    const below = read(state.sql, "KVS.List", { prefix: "r/" }).value.map((entry) => entry.Key);
    const order = keys
      .filter((key) => key.startsWith("r/"))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(below).toEqual(order);
    expect(read(state.sql, "KVS.ListKeys", { prefix: "r/%", separator: "" }).value).toEqual(["r/%"]);
    expect(read(state.sql, "KVS.ListKeys", { prefix: "r/\u{ffff}", separator: "" }).value).toEqual([
      "r/\u{ffff}",
    ]);
    expect(read(state.sql, "KVS.List", { prefix: "" }).value).toHaveLength(keys.length);
  });

  it("folds keys at the first separator behind the prefix", () => {
    const state = testState();
    for (const key of ["k/a", "k/b/1", "k/b/2", "k/c", "kz"]) state.set(key, "dg==");
    const keys = (prefix: string, separator: string) =>
      read(state.sql, "KVS.ListKeys", { prefix, separator }).value;
    expect(keys("", "")).toEqual(["k/a", "k/b/1", "k/b/2", "k/c", "kz"]);
    expect(keys("k/", "/")).toEqual(["k/a", "k/b/", "k/c"]);
    expect(keys("k", "/")).toEqual(["k/", "kz"]);
    expect(keys("k/b", "b")).toEqual(["k/b/1", "k/b/2"]);
    expect(keys("none", "/")).toEqual([]);
  });

  it("finds the end of a prefix past every key that begins with it", () => {
    expect(prefixEnd("a/")).toBe("a0");
    expect(prefixEnd("")).toBe(null);
    expect(prefixEnd("a\u{10ffff}")).toBe("b");
    expect(prefixEnd("\u{d7ff}")).toBe("\u{e000}");
    expect(prefixEnd("\u{10ffff}")).toBe(null);
  });
});

describe("indexes of the KV store", () => {
  const index = (state: ReturnType<typeof testState>, prefix: string) =>
    read(state.sql, "KVS.List", { prefix }).index;

  it("are never 0", () => {
    const state = testState();
    expect(read(state.sql, "KVS.Get", { key: "x" }).index).toBe(1);
    expect(index(state, "")).toBe(1);
  });

  it("are a key's own, or the table's for a missing key", () => {
    const state = testState();
    state.set("a", "eA==");
    state.set("b", "eA==");
    expect(read(state.sql, "KVS.Get", { key: "a" }).index).toBe(11);
    expect(read(state.sql, "KVS.Get", { key: "none" }).index).toBe(12);
    state.kv({ verb: "delete", key: "b" });
    expect(read(state.sql, "KVS.Get", { key: "b" }).index).toBe(13);
  });

  it("rise for a prefix when something below it is deleted, until the tombstone is reaped", () => {
    const state = testState();
    state.set("t/1", "eA==");
    state.set("t/2", "eA==");
    state.set("u", "eA==");
    expect(index(state, "t")).toBe(12);
    expect(state.kv({ verb: "delete", key: "t/2" }).changed).toEqual(["kv:t/2"]);
    expect(index(state, "t")).toBe(14);
    expect(index(state, "u")).toBe(13);
    state.apply({ kind: "reapTombstones", upTo: 13 });
    expect(index(state, "t")).toBe(14);
    state.apply({ kind: "reapTombstones", upTo: 14 });
    expect(index(state, "t")).toBe(11);
  });

  it("rise above and below a deleted tree, which is one changed key", () => {
    const state = testState();
    state.set("t/a/1", "eA==");
    state.set("t/a/2", "eA==");
    state.kv({ verb: "delete", key: "t/a/1" });
    state.set("t/b", "eA==");
    expect(state.kv({ verb: "delete-tree", key: "t/" }).changed).toEqual(["kv*:t/"]);
    for (const prefix of ["", "t", "t/", "t/a/", "t/a/1"]) expect(index(state, prefix)).toBe(15);
    expect(state.kv({ verb: "delete-tree", key: "none/" })).toEqual({
      result: { ok: true, value: true },
      changed: [],
    });
    expect(index(state, "t/")).toBe(15);
    expect(state.kv({ verb: "delete-tree", key: "" }).changed).toEqual([]);
  });

  it("are two rows written for a new value, and none for the same", () => {
    const state = testState();
    state.set("a", "eA==");
    const before = state.sql.rowsWritten();
    state.set("a", "eQ==");
    expect(state.sql.rowsWritten() - before).toBe(2);
    state.set("a", "eQ==");
    expect(state.sql.rowsWritten() - before).toBe(2);
  });

  it("cost one statement for a key, and another for the index of one that is not there", () => {
    const state = testState();
    state.set("a", "eA==");
    for (const [key, statements] of [
      ["a", 1],
      ["none", 2],
    ] as const) {
      const before = state.sql.statements();
      read(state.sql, "KVS.Get", { key });
      expect(state.sql.statements() - before).toBe(statements);
    }
  });
});
