// Random commands of the state machine over a few names, from a seed: for tests of the whole store.

import type { U64 } from "../../shared/base/brand.ts";
import { nextRandom } from "../../shared/base/prng.ts";
import type { Command } from "../../shared/fsm/types.ts";
import type { TxnKvOperation } from "../../shared/structs/txn.ts";
import { check, registration, service } from "./state-builders.ts";

export const nodes = ["n1", "n2", "n3"];
const ids = nodes.map((_, at) => `${at + 1}${"0".repeat(7)}-1111-1111-1111-111111111111`);
export const names = ["web", "db"];
export const keys = ["a", "a/", "a/b", "a/b/1", "a/b/2", "a/c", "ab", "b", "b/\u{1f600}", "b/\u{fffd}"];
export const prefixes = ["", "a", "a/", "a/b", "a/b/", "b/", "zz"];

export type Random = <T>(choices: readonly T[]) => T;

export function seeded(seed: number): Random {
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
export function sessionId(index: number): string {
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

/** `sessions`: the living ones and one that is none. */
export function randomCommand(
  pick: Random,
  lastIndex: number,
  now: number,
  sessions: readonly string[],
): Command {
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
