// Properties of the whole store under random operations, against test/support/state-model.ts.

import { describe, expect, it } from "vitest";
import { type AppliedCommand, applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { createTables, tables } from "../../../shared/state/schema.ts";
import { restoreRows, snapshotRows } from "../../../shared/state/snapshot.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import type { TxnAnswer } from "../../../shared/structs/txn.ts";
import { memorySql } from "../../support/memory-sql.ts";
import { type ReadMethod, stateReads } from "../../../shared/state/reads.ts";
import type { ServiceNode } from "../../../shared/structs/service.ts";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import {
  keys,
  names,
  nodes,
  prefixes,
  randomCommand,
  seeded,
  sessionId,
} from "../../support/random-commands.ts";
import { options, testState } from "../../support/state-builders.ts";
import { StateModel } from "../../support/state-model.ts";

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
