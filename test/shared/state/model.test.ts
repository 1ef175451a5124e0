// Properties of the whole store under random operations, against test/support/state-model.ts.

import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import type { U64 } from "../../../shared/base/brand.ts";
import { type AppliedCommand, applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { createTables, tables } from "../../../shared/state/schema.ts";
import { restoreRows, snapshotRows } from "../../../shared/state/snapshot.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import type { TxnAnswer, TxnKvOperation } from "../../../shared/structs/txn.ts";
import { memorySql } from "../../support/memory-sql.ts";
import { type ReadMethod, stateReads } from "../../../shared/state/reads.ts";
import type { ServiceNode } from "../../../shared/structs/service.ts";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import { check, options, registration, service, testState } from "../../support/state-builders.ts";
import { StateModel } from "../../support/state-model.ts";

const nodes = ["n1", "n2", "n3"];
const ids = nodes.map((_, at) => `${at + 1}${"0".repeat(7)}-1111-1111-1111-111111111111`);
const names = ["web", "db"];
const keys = ["a", "a/", "a/b", "a/b/1", "a/b/2", "a/c", "ab", "b", "b/\u{1f600}", "b/\u{fffd}"];
const prefixes = ["", "a", "a/", "a/b", "a/b/", "b/", "zz"];

type Random = <T>(choices: readonly T[]) => T;

function seeded(seed: number): Random {
  let state = seed;
  return (choices) => {
    const next = nextRandom(state);
    state = next.state;
    const at = Math.floor(next.value * choices.length);
    return choices[at] as (typeof choices)[number];
  };
}

const ttls = [{}, {}, {}, { ttlMillis: 4_000 }];

/** A session's id says the index at which it was made. */
function sessionId(index: number): string {
  return `${String(index).padStart(8, "0")}-1111-1111-1111-111111111111`;
}

function randomTxn(pick: Random, lastIndex: number, sessions: readonly string[]): TxnKvOperation {
  const verbs = ["set", "cas", "delete", "delete-cas", "delete-tree", "lock", "unlock", "get"];
  return {
    type: "KV",
    verb: pick([...verbs, "check-not-exists", "check-session"]),
    key: pick(keys),
    value: pick([null, "eA=="]),
    flags: "0" as U64,
    index: pick([0, lastIndex, lastIndex - 1]),
    session: pick(["", ...sessions]),
  };
}

/** A store of its own with the same state, by way of a snapshot. */
function restored(sql: Sql): Sql {
  const twin = memorySql();
  createTables(twin);
  twin.transaction(() => restoreRows(twin, [...snapshotRows(sql)]));
  return twin;
}

function dump(sql: Sql): unknown {
  return tables.map(({ name }) => sql.exec(`SELECT * FROM ${name}`));
}

/** `sessions`: the living ones and one that is none. */
function randomCommand(pick: Random, lastIndex: number, now: number, sessions: readonly string[]): Command {
  const kind = pick([
    ...(["kv", "kv", "register", "register", "register", "deregister"] as const),
    ...(["kvLock", "kvLock", "kvLock", "session", "session", "txn", "expireKeys"] as const),
  ]);
  if (kind === "expireKeys") return { kind, upTo: now };
  if (kind === "txn") {
    const count = pick([1, 2, 3]);
    return { kind, operations: Array.from({ length: count }, () => randomTxn(pick, lastIndex, sessions)) };
  }
  if (kind === "session") {
    if (pick([true, false])) {
      return { kind, operation: { verb: "destroy", id: pick(sessions) } };
    }
    const session = {
      Name: "",
      Node: pick(nodes),
      LockDelay: pick([0, 0, 5e9]),
      Behavior: pick(["release", "delete"]),
      TTL: "",
      NodeChecks: pick([[], ["c1"], ["c1", "c2"]]),
      ServiceChecks: null,
    };
    return { kind, operation: { verb: "create", id: sessionId(lastIndex + 1), session } };
  }
  if (kind === "kvLock") {
    const verb = pick(["acquire", "acquire", "release"] as const);
    const write = {
      key: pick(["a", "ab", "a/b"]),
      value: pick([null, "eA=="]),
      flags: "0" as U64,
      ...pick(ttls),
    };
    return { kind, operation: { verb, session: pick(sessions), ...write } };
  }
  if (kind === "kv") {
    const key = pick(keys);
    const value = pick([null, "eA==", "eQ=="]);
    const flags = pick(["0", "7"]) as U64;
    const modifyIndex = pick([0, lastIndex, lastIndex - 1, lastIndex - 2]);
    const verb = pick(["set", "set", "set", "cas", "delete", "delete-cas", "delete-tree"] as const);
    if (verb === "delete-tree") return { kind, operation: { verb, key: pick(prefixes.slice(1)) } };
    return { kind, operation: { verb, key, value, flags, modifyIndex, ...pick(ttls) } };
  }
  const node = pick(nodes);
  const ServiceID = pick(["s1", "s2"]);
  const CheckID = pick(["c1", "c2", "c3"]);
  if (kind === "deregister") {
    const what = pick([
      { ServiceID: "", CheckID },
      { ServiceID, CheckID: "" },
      { ServiceID: "", CheckID: "" },
    ]);
    return { kind, deregistration: { Datacenter: "dc1", Node: node, ...what } };
  }
  const one = service(pick(names), {
    ID: ServiceID,
    Tags: pick([[], ["t1"], ["t1", "t2"]]),
    Port: pick([1, 2]),
  });
  const status = pick(["passing", "warning", "critical"]);
  return {
    kind,
    registration: registration(node, {
      ID: pick(["", "", ids[nodes.indexOf(node)] ?? "", pick(ids)]),
      Address: pick(["10.0.0.1", "10.0.0.2"]),
      NodeMeta: pick([null, { rack: "1" }]),
      SkipNodeUpdate: pick([false, true]),
      Service: pick([null, one, one]),
      Checks: pick([[], [check(CheckID, { Status: status, ServiceID: pick(["", "s1", "s2"]) })]]),
    }),
  };
}

type Watcher = { method: ReadMethod; request: Record<string, unknown>; seen: Seen };
type Seen = { index: number; keys: readonly string[]; text: string; found: boolean };

function allReads(): readonly (readonly [ReadMethod, Record<string, unknown>])[] {
  const metas = [{}, { rack: "1" }];
  const perService = [...names, "none"].flatMap((name) =>
    metas.flatMap((nodeMeta) => [
      ["Catalog.ServiceNodes", { service: name, tags: ["t1"], nodeMeta }] as const,
      ["Catalog.ServiceNodes", { service: name, tags: [], nodeMeta }] as const,
      ["Health.ServiceChecks", { service: name, nodeMeta }] as const,
      ["Health.ServiceNodes", { service: name, tags: [], passingOnly: false, nodeMeta }] as const,
      ["Health.ServiceNodes", { service: name, tags: ["t2"], passingOnly: true, nodeMeta }] as const,
    ]),
  );
  const sessions = Array.from(
    { length: 12 },
    (_, n) => ["Session.Get", { id: sessionId(11 + n * 5) }] as const,
  );
  const perNode = [...nodes, "none"].flatMap((node) => [
    ["Session.NodeSessions", { node }] as const,
    ["Catalog.NodeServices", { node }] as const,
    ["Health.NodeChecks", { node }] as const,
  ]);
  const lists = metas.flatMap((nodeMeta) => [
    ["Catalog.ListNodes", { nodeMeta }] as const,
    ["Catalog.ListServices", { nodeMeta }] as const,
    ...["any", "passing", "critical"].map((state) => ["Health.ChecksInState", { state, nodeMeta }] as const),
  ]);
  const kv = [
    ...keys.map((key) => ["KVS.Get", { key }] as const),
    ...prefixes.flatMap((prefix) => [
      ["KVS.List", { prefix }] as const,
      ["KVS.ListKeys", { prefix, separator: "/" }] as const,
    ]),
  ];
  return [...perService, ...perNode, ...lists, ...kv, ...sessions, ["Session.List", {}]];
}

function ask(sql: ReturnType<typeof testState>["sql"], method: ReadMethod, request: object) {
  const run = stateReads[method] as (
    sql: unknown,
    request: object,
  ) => { index: number; keys: readonly string[]; value: unknown };
  return run(sql, { ...request, options });
}

/** The parts of an answer that the model gives, too. */
function comparable(method: ReadMethod, value: unknown): unknown {
  if (method !== "Catalog.ServiceNodes") return value;
  return (value as ServiceNode[]).map((row) => [row.Node, row.Address, row.ServiceID, row.ModifyIndex]);
}

/** What the command was answered, by the model. */
function expectModel(
  model: StateModel,
  command: Command,
  result: AppliedCommand["result"],
  { index, now, where }: { readonly index: number; readonly now: number; readonly where: string },
): void {
  switch (command.kind) {
    case "kv":
      expect(result, where).toEqual({ ok: true, value: model.kv(index, command.operation, now) });
      break;
    case "register":
      expect(result.ok, where).toBe(model.register(index, command.registration, now));
      break;
    case "deregister":
      model.deregister(command.deregistration, index, now);
      break;
    case "kvLock": {
      const value = model.locks.lock(index, command.operation, now);
      expect(result, where).toEqual(
        value === null ? expect.objectContaining({ ok: false }) : { ok: true, value },
      );
      break;
    }
    case "session":
      expect(result.ok, where).toBe(model.locks.session(index, command.operation, now));
      break;
    case "txn": {
      const operations = command.operations.filter((one) => one.type === "KV");
      const done = model.locks.txn(index, operations, now);
      const answer = result.ok ? (result.value as TxnAnswer) : null;
      expect(answer?.Errors === null, `${where} ${JSON.stringify(answer)}`).toBe(done);
      break;
    }
    case "expireKeys":
      model.locks.expire(command.upTo);
      break;
    default:
      throw new Error(`the model knows no ${command.kind}`);
  }
}

function runSeed(seed: number, steps: number): number {
  const pick = seeded(seed);
  const state = testState();
  const model = new StateModel();
  let woken = 0;
  const look = (method: ReadMethod, request: object): Seen & { value: unknown } => {
    const { index, keys: watched, value } = ask(state.sql, method, request);
    const empty = value === null || (typeof value === "object" && Object.keys(value).length === 0);
    return { index, keys: watched, text: JSON.stringify(value), found: !empty, value };
  };
  const watchers: Watcher[] = allReads().map(([method, request]) => ({
    method,
    request,
    seen: look(method, request),
  }));
  let twin: Sql | null = null;
  for (let step = 0; step < steps; step++) {
    // A snapshot, and a store restored from it, now and then: nothing that follows may tell them apart.
    if (step % 10 === 0) {
      if (twin !== null) expect(dump(twin), `seed ${seed} step ${step}`).toEqual(dump(state.sql));
      twin = restored(state.sql);
    }
    const now = 1_000_000 + step * 400;
    const sessions = [...model.locks.list(() => true).map((session) => session.ID), sessionId(0)];
    const command = randomCommand(pick, state.index(), now, sessions);
    const { result, changed } = state.apply(command, now);
    const at = state.index();
    const where = `seed ${seed} step ${step}: ${JSON.stringify(command)}`;
    const other = twin;
    const again = other?.transaction(() => applyCommand(other, at, encodeCommand(command, now)));
    expect(again, where).toEqual({ result, changed });
    expectModel(model, command, result, { index: at, now, where });

    for (const watcher of watchers) {
      const { method, request, seen } = watcher;
      const now = look(method, request);
      const what = `${where}; ${method} ${JSON.stringify(request)}; changed ${changed.join(" ")}`;
      const expected = model.answer(method, request as Record<string, never>);
      expect(comparable(method, now.value), what).toEqual(expected);
      expect(now.index, what).toBeGreaterThanOrEqual(seen.index);
      expect(now.index, what).toBeLessThanOrEqual(at);
      if (now.text !== seen.text) expect(now.index, what).toBe(at);
      const matched = seen.keys.some((key) => changed.some((one) => watchMatches(key, one)));
      if (!matched) {
        expect(now.text, what).toBe(seen.text);
        expect(now.keys, what).toEqual(seen.keys);
        if (now.found) expect(now.index, what).toBe(seen.index);
      } else woken++;
      watcher.seen = now;
    }
  }
  return woken;
}

describe("the state store under random operations", () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`answers as the model and wakes exactly who may see a change (seed ${seed})`, () => {
      expect(runSeed(seed, 100)).toBeGreaterThan(0);
    });
  }
});
