// Locks as Consul 1.8.7 was seen to give them, and what we add: the fencing token and a lock delay that is kept.

import { describe, expect, it } from "vitest";
import { read, type TestState, testState } from "../../support/state-builders.ts";

const one = "11111111-0000-0000-0000-000000000001";
const two = "22222222-0000-0000-0000-000000000002";

function world(lockDelaySeconds = 0): TestState {
  const state = testState();
  state.register("n");
  state.session(one, { LockDelay: lockDelaySeconds * 1e9 });
  state.session(two);
  return state;
}

const entry = (state: TestState, key = "k") => read(state.sql, "KVS.Get", { key }).value;
const rejected = (text: string) => ({ ok: false, error: { code: "rejected", args: [text] } });

describe("acquiring a lock", () => {
  it("is for one session at a time; only a new holder raises LockIndex", () => {
    const state = world();
    expect(state.lock("acquire", "k", one).result).toMatchObject({ ok: true, value: state.index() });
    expect(entry(state)).toMatchObject({ LockIndex: 1, Session: one });
    expect(state.lock("acquire", "k", two)).toEqual({ result: { ok: true, value: 0 }, changed: [] });
    state.lock("acquire", "k", one, { value: "eQ==" });
    expect(entry(state)).toMatchObject({ LockIndex: 1, Session: one, Value: "eQ==" });
    expect(state.lock("release", "k", two).result).toEqual({ ok: true, value: false });
    expect(state.lock("release", "k", one, { value: null, flags: "7" }).result).toEqual({
      ok: true,
      value: true,
    });
    expect(entry(state)).toMatchObject({ LockIndex: 1, Value: null, Flags: "7" });
    expect(entry(state)).not.toHaveProperty("Session");
    state.lock("acquire", "k", two);
    expect(entry(state)).toMatchObject({ LockIndex: 2, Session: two });
  });

  it("by the holder again changes nothing when the value is the same", () => {
    const state = world();
    state.lock("acquire", "k", one);
    expect(state.lock("acquire", "k", one).changed).toEqual([]);
  });

  it("survives a plain write, which keeps the session and sets LockIndex to 0", () => {
    const state = world();
    state.lock("acquire", "k", one);
    state.set("k", "cGxhaW4=");
    expect(entry(state)).toMatchObject({ LockIndex: 0, Session: one });
    expect(state.lock("acquire", "k", two).result).toMatchObject({ value: 0 });
    state.lock("acquire", "k", one);
    expect(entry(state)).toMatchObject({ LockIndex: 0 });
  });

  it("names what is wrong with the session", () => {
    const state = world();
    expect(state.lock("acquire", "k", "").result).toEqual(rejected("missing session"));
    expect(state.lock("release", "k", "").result).toEqual(rejected("missing session"));
    expect(state.lock("acquire", "k", "abc").result).toEqual(
      rejected("failed session lookup: index error: UUID must be 36 characters"),
    );
    const unknown = "33333333-0000-0000-0000-000000000003";
    expect(state.lock("acquire", "k", unknown).result).toEqual(rejected(`invalid session "${unknown}"`));
    expect(state.lock("release", "k", "abc").result).toEqual({ ok: true, value: false });
    expect(entry(state)).toBeNull();
  });
});

describe("a fencing token", () => {
  it("stays while the lock is held, and grows with every new holder, whatever happened to the key", () => {
    const state = world();
    const tokens: number[] = [];
    const acquire = (session: string, value = "eA==") => {
      const { result } = state.lock("acquire", "k", session, { value });
      tokens.push(result.ok ? Number(result.value) : -1);
    };
    acquire(one);
    acquire(one, "eQ==");
    state.set("k", "eg==");
    acquire(one);
    expect(new Set(tokens).size).toBe(1);
    state.lock("release", "k", one);
    acquire(two);
    state.kv({ verb: "delete", key: "k" });
    acquire(one);
    expect(tokens[3]).toBeGreaterThan(tokens[2] ?? 0);
    expect(tokens[4]).toBeGreaterThan(tokens[3] ?? 0);
  });
});

describe("lock delay", () => {
  const destroy = (state: TestState, id: string, at: number) =>
    state.apply({ kind: "session", operation: { verb: "destroy", id } }, at);

  it("keeps a key from the next holder for a while, by the clock of the entries", () => {
    const state = world(15);
    state.lock("acquire", "k", one, { at: 1_000 });
    destroy(state, one, 100_000);
    expect(state.lock("acquire", "k", two, { at: 114_999 })).toEqual({
      result: { ok: true, value: 0 },
      changed: [],
    });
    // Within the delay nobody hears that a session is unknown, as in Consul.
    expect(state.lock("acquire", "k", "abc", { at: 114_999 }).result).toEqual({ ok: true, value: 0 });
    state.set("k", "eQ==");
    expect(state.lock("acquire", "k", two, { at: 115_000 }).result).toMatchObject({ value: state.index() });
    expect(state.sql.exec("SELECT * FROM lock_delays")).toEqual([]);
  });

  it("also keeps a key that was deleted with its session", () => {
    const state = testState();
    state.register("n");
    state.session(one, { Behavior: "delete", LockDelay: 3e9 });
    state.session(two);
    state.lock("acquire", "k", one);
    destroy(state, one, 10_000);
    expect(state.lock("acquire", "k", two, { at: 12_000 }).result).toMatchObject({ value: 0 });
    expect(state.lock("acquire", "k", two, { at: 13_000 }).result).toMatchObject({ value: state.index() });
  });

  it("does not follow a release, a deletion, or a session without it", () => {
    const state = world(15);
    state.lock("acquire", "k", one);
    state.lock("release", "k", one);
    expect(state.lock("acquire", "k", two).result).toMatchObject({ value: state.index() });
    destroy(state, two, 10_000);
    expect(state.lock("acquire", "k", one, { at: 10_001 }).result).toMatchObject({ value: state.index() });
    state.kv({ verb: "delete", key: "k" });
    state.session(two);
    expect(state.lock("acquire", "k", two, { at: 10_002 }).result).toMatchObject({ value: state.index() });
  });
});
