// Properties of the whole store under random operations, against test/support/state-model.ts.

import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import type { U64 } from "../../../shared/base/brand.ts";
import type { Command } from "../../../shared/fsm/types.ts";
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

function randomCommand(pick: Random, lastIndex: number): Command {
  const kind = pick(["kv", "kv", "register", "register", "register", "deregister"] as const);
  if (kind === "kv") {
    const key = pick(keys);
    const value = pick([null, "eA==", "eQ=="]);
    const flags = pick(["0", "7"]) as U64;
    const modifyIndex = pick([0, lastIndex, lastIndex - 1, lastIndex - 2]);
    const verb = pick(["set", "set", "set", "cas", "delete", "delete-cas", "delete-tree"] as const);
    if (verb === "delete-tree") return { kind, operation: { verb, key: pick(prefixes.slice(1)) } };
    return { kind, operation: { verb, key, value, flags, modifyIndex } };
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
  const perNode = [...nodes, "none"].flatMap((node) => [
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
  return [...perService, ...perNode, ...lists, ...kv];
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
  for (let step = 0; step < steps; step++) {
    const command = randomCommand(pick, state.index());
    const { result, changed } = state.apply(command);
    const at = state.index();
    const where = `seed ${seed} step ${step}: ${JSON.stringify(command)}`;
    if (command.kind === "kv")
      expect(result, where).toEqual({ ok: true, value: model.kv(at, command.operation) });
    else if (command.kind === "register") {
      expect(result.ok, where).toBe(model.register(at, command.registration));
    } else if (command.kind === "deregister") model.deregister(command.deregistration);

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
