// Transactions as Consul 1.8.7 was seen to perform them.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { tables } from "../../../shared/state/schema.ts";
import { readTxn } from "../../../shared/state/txn.ts";
import type { TxnAnswer, TxnKvOperation, TxnOperation } from "../../../shared/structs/txn.ts";
import { check, read, service, type TestState, testState } from "../../support/state-builders.ts";

const one = "11111111-0000-0000-0000-000000000001";
const two = "22222222-0000-0000-0000-000000000002";

function kv(verb: string, key: string, over: Partial<TxnKvOperation> = {}): TxnKvOperation {
  return { type: "KV", verb, key, value: "eA==", flags: "0" as U64, index: 0, session: "", ...over };
}

function node(verb: string, name: string, over: { ID?: string; index?: number } = {}): TxnOperation {
  const fields = { Node: name, Address: "10.0.0.9", Datacenter: "dc1", TaggedAddresses: null, Meta: null };
  return { type: "Node", verb, node: { ID: over.ID ?? "", ...fields }, index: over.index ?? 0 };
}

const serviceOf = (verb: string, on: string, id: string, index = 0): TxnOperation => ({
  type: "Service",
  verb,
  node: on,
  service: service(id),
  index,
});
const checkOf = (
  verb: string,
  on: string,
  id: string,
  over: { ServiceID?: string; index?: number } = {},
): TxnOperation => ({
  type: "Check",
  verb,
  check: check(id, { Node: on, ServiceID: over.ServiceID ?? "" }),
  index: over.index ?? 0,
});

function run(state: TestState, operations: readonly TxnOperation[], at = 0) {
  const { result, changed } = state.apply({ kind: "txn", operations }, at);
  if (!result.ok) throw new Error("a transaction answers with its errors");
  return { answer: result.value as TxnAnswer, changed };
}

const errors = (state: TestState, ...operations: TxnOperation[]) =>
  run(state, operations).answer.Errors?.map((error) => `${error.OpIndex} ${error.What}`) ?? [];
const results = (state: TestState, ...operations: TxnOperation[]) => run(state, operations).answer.Results;
const dump = (state: TestState) => tables.map(({ name }) => state.sql.exec(`SELECT * FROM ${name}`));

describe("a transaction", () => {
  it("performs its operations in order, each seeing what those before it did", () => {
    const state = testState();
    const answer = results(
      state,
      kv("set", "a/1"),
      kv("get-tree", "a/"),
      kv("delete", "a/1"),
      kv("check-not-exists", "a/1"),
      kv("get-or-empty", "a/1"),
    );
    const at = { CreateIndex: 11, ModifyIndex: 11 };
    expect(answer).toEqual([
      { KV: { LockIndex: 0, Key: "a/1", Flags: "0", Value: null, ...at } },
      { KV: { LockIndex: 0, Key: "a/1", Flags: "0", Value: "eA==", ...at } },
      { KV: { LockIndex: 0, Key: "a/1", Flags: "0", Value: null, CreateIndex: 0, ModifyIndex: 0 } },
    ]);
  });

  it("reports every operation that fails, and leaves nothing behind", () => {
    const state = testState();
    state.register("n", { Service: service("web"), Checks: [check("live")] });
    state.session(one, { NodeChecks: ["live"] });
    state.lock("acquire", "held", one);
    state.set("keep", "b2xk");
    const before = dump(state);
    const { answer, changed } = run(state, [
      kv("set", "keep", { value: "bmV3" }),
      kv("delete-tree", ""),
      node("delete", "n"),
      kv("get", "missing"),
      kv("check-not-exists", "keep"),
      kv("get", "held"),
    ]);
    expect(answer).toEqual({
      Results: null,
      Errors: [
        { OpIndex: 3, What: 'key "missing" doesn\'t exist' },
        { OpIndex: 5, What: 'key "held" doesn\'t exist' },
      ],
      fencing: [],
    });
    expect(changed).toEqual([]);
    expect(dump(state)).toEqual(before);
  });

  it("moves the index of a prefix when an undone one before it had raised the same", () => {
    const state = testState();
    state.set("a", "eA==");
    run(state, [kv("delete", "a"), kv("get", "none")]);
    expect(read(state.sql, "KVS.Get", { key: "a" }).value).not.toBeNull();
    run(state, [kv("delete", "a")]);
    expect(read(state.sql, "KVS.Get", { key: "a" })).toMatchObject({ value: null, index: state.index() });
  });

  it("looks at nothing else while an operation is wrong by itself", () => {
    const state = testState();
    expect(errors(state, kv("set", ""), kv("bogus", "q"), kv("get", "none"))).toEqual(["0 Must provide key"]);
    expect(errors(state, node("set", ""), serviceOf("set", "nope", "s"))).toEqual(["0 Must provide node"]);
    expect(errors(state, node("set", "n", { ID: "bad" }))).toEqual([
      "0 Bad node ID: uuid string is wrong length",
    ]);
    const unnamed: TxnOperation = {
      type: "Service",
      verb: "delete",
      node: "n",
      service: service("s", { Service: "" }),
      index: 0,
    };
    expect(errors(state, unnamed)).toEqual(["0 Must provide service name with ID"]);
    expect(errors(state, kv("delete-tree", ""))).toEqual([]);
  });
});

describe("the operations on keys", () => {
  it("compare indexes and sessions", () => {
    const state = testState();
    state.set("k", "eA==");
    const index = state.index();
    expect(errors(state, kv("cas", "k", { index: 1 }))).toEqual(['0 failed to set key "k", index is stale']);
    expect(errors(state, kv("cas", "k"))).toEqual(['0 failed to set key "k", index is stale']);
    expect(errors(state, kv("delete-cas", "k", { index: 1 }))).toEqual([
      '0 failed to delete key "k", index is stale',
    ]);
    expect(errors(state, kv("delete-cas", "none", { index: 1 }))).toEqual([]);
    expect(errors(state, kv("check-index", "k", { index: 1 }))).toEqual([
      `0 failed index check for key "k", current modify index ${index} != 1`,
    ]);
    expect(errors(state, kv("check-index", "none"))).toEqual([
      '0 failed to check index, key "none" doesn\'t exist',
    ]);
    expect(errors(state, kv("check-session", "k", { session: "s" }))).toEqual([
      '0 failed session check for key "k", current session "" != "s"',
    ]);
    expect(errors(state, kv("check-session", "none"))).toEqual([
      '0 failed to check session, key "none" doesn\'t exist',
    ]);
    expect(errors(state, kv("frobnicate", "k"))).toEqual(['0 unknown KV verb "frobnicate"']);
    expect(results(state, kv("check-index", "k", { index }), kv("check-session", "k"))).toHaveLength(2);
  });

  it("take and give back locks, with their fencing tokens", () => {
    const state = testState();
    state.register("n");
    state.session(one, { LockDelay: 15e9 });
    state.session(two);
    const locked = run(state, [kv("lock", "k", { session: one }), kv("lock", "l", { session: one })]);
    expect(locked.answer.fencing).toEqual([state.index(), state.index()]);
    expect(errors(state, kv("lock", "k", { session: two }))).toEqual([
      '0 failed to lock key "k", lock is already held',
    ]);
    expect(errors(state, kv("unlock", "k", { session: two }))).toEqual([
      '0 failed to unlock key "k", lock isn\'t held, or is held by another session',
    ]);
    expect(errors(state, kv("lock", "m"), kv("unlock", "m"), kv("lock", "m", { session: "abc" }))).toEqual([
      "0 missing session",
      "1 missing session",
      "2 failed session lookup: index error: UUID must be 36 characters",
    ]);
    expect(results(state, kv("unlock", "k", { session: one }))).toEqual([
      { KV: expect.objectContaining({ LockIndex: 1, Value: null, ModifyIndex: state.index() }) },
    ]);
    state.apply({ kind: "session", operation: { verb: "destroy", id: one } }, 1_000);
    const delayed = run(state, [kv("lock", "l", { session: two }), kv("get", "none")], 2_000);
    expect(delayed.answer.Errors).toEqual([{ OpIndex: 0, What: 'failed to lock key "l" due to lock delay' }]);
    expect(run(state, [kv("lock", "l", { session: two })], 16_000).answer.Errors).toBeNull();
  });
});

describe("the operations on the catalog", () => {
  it("write, compare, read and remove nodes, services and checks", () => {
    const state = testState();
    expect(results(state, node("set", "n"), serviceOf("set", "n", "web"), checkOf("set", "n", "c"))).toEqual([
      { Node: expect.objectContaining({ Node: "n", ModifyIndex: state.index() }) },
      { Service: expect.objectContaining({ ID: "web", Tags: null, ModifyIndex: state.index() }) },
      { Check: expect.objectContaining({ CheckID: "c", ServiceTags: null, ModifyIndex: state.index() }) },
    ]);
    const index = state.index();
    expect(
      errors(
        state,
        node("cas", "n", { index: 1 }),
        node("delete-cas", "n", { index: 1 }),
        serviceOf("cas", "n", "web", 1),
        serviceOf("delete-cas", "n", "web", 1),
        checkOf("cas", "n", "c", { index: 1 }),
        checkOf("delete-cas", "n", "c", { index: 1 }),
        node("delete-cas", "none", { index: 1 }),
      ),
    ).toEqual([
      '0 failed to set node "n", index is stale',
      '1 failed to delete node "n", index is stale',
      '2 failed to set service "web" on node "n", index is stale',
      '3 failed to delete service "web" on node "n", index is stale',
      '4 failed to set check "c" on node "n", index is stale',
      '5 failed to delete check "c" on node "n", index is stale',
      '6 failed to delete node "none", index is stale',
    ]);
    expect(
      errors(
        state,
        checkOf("delete-cas", "n", "c", { index }),
        serviceOf("delete-cas", "n", "web", index),
        node("delete-cas", "n", { index }),
        checkOf("delete", "n", "c"),
        serviceOf("delete", "n", "web"),
        node("delete", "n"),
      ),
    ).toEqual([]);
    expect(read(state.sql, "Catalog.ListNodes", { nodeMeta: {} }).value).toEqual([]);
  });

  it("name what is missing", () => {
    const state = testState();
    state.register("n");
    expect(
      errors(
        state,
        node("get", "none"),
        node("get", "x", { ID: "bad" }),
        serviceOf("get", "n", "s"),
        checkOf("get", "n", "c"),
        serviceOf("set", "none", "s"),
        checkOf("set", "none", "c"),
        checkOf("set", "n", "c", { ServiceID: "none" }),
        checkOf("set", "n", ""),
        serviceOf("set", "n", ""),
        node("zap", "n"),
        serviceOf("zap", "n", "s"),
        checkOf("zap", "n", "c"),
      ),
    ).toEqual([
      '0 node "none" doesn\'t exist',
      "1 node lookup by ID failed, wrong UUID: uuid string is wrong length for 'bad'",
      '2 service "s" on node "n" doesn\'t exist',
      '3 check "c" on node "n" doesn\'t exist',
      "4 Missing node registration",
      "5 Missing node registration",
      "6 Missing service registration",
      "7 failed inserting check: object missing primary index",
      "8 failed inserting service: object missing primary index",
      '9 unknown Node verb "zap"',
      '10 unknown Service verb "zap"',
      '11 unknown Check verb "zap"',
    ]);
  });

  it("rename a node by its id, unless the name belongs to a living one", () => {
    const state = testState();
    const id = "aaaaaaaa-1111-1111-1111-111111111111";
    state.register("alive", { ID: "bbbbbbbb-1111-1111-1111-111111111111", Checks: [check("serfHealth")] });
    run(state, [node("set", "old", { ID: id })]);
    expect(results(state, node("set", "new", { ID: id }), node("get", "any", { ID: id }))).toMatchObject([
      { Node: { Node: "new" } },
      { Node: { Node: "new" } },
    ]);
    expect(errors(state, node("set", "alive", { ID: id }))[0]).toMatch(
      /^0 Error while renaming Node ID: "aaaaaaaa-.*Node name alive is reserved by node bbbbbbbb/,
    );
  });

  it("end a session with its check, and later operations see its lock free", () => {
    const state = testState();
    state.register("n", { Checks: [check("live")] });
    state.session(one, { NodeChecks: ["live"] });
    state.lock("acquire", "k", one);
    const critical: TxnOperation = {
      type: "Check",
      verb: "set",
      check: check("live", { Node: "n", Status: "critical" }),
      index: 0,
    };
    expect(errors(state, critical, kv("check-session", "k"))).toEqual([]);
  });
});

describe("a transaction that only reads", () => {
  it("is answered from the state, and refuses to write", () => {
    const state = testState();
    state.set("k", "eA==");
    expect(readTxn(state.sql, [kv("get", "k")])).toMatchObject({
      keys: [],
      value: { Results: [{ KV: { Key: "k", Value: "eA==" } }], Errors: null },
    });
    expect(readTxn(state.sql, [kv("get-tree", "")]).value.Errors).toEqual([
      { OpIndex: 0, What: "Must provide key" },
    ]);
    const before = dump(state);
    expect(readTxn(state.sql, [kv("set", "k", { value: "eQ==" })]).value.Results).toBeNull();
    expect(dump(state)).toEqual(before);
  });
});
