// Short ways to write commands and to read in tests of the state store.

import type { U64 } from "../../shared/base/brand.ts";
import { type AppliedCommand, applyCommand, encodeCommand } from "../../shared/fsm/apply.ts";
import type { Command } from "../../shared/fsm/types.ts";
import type { RpcRequest } from "../../shared/rpc/methods.ts";
import { type ReadMethod, type ReadResult, stateReads } from "../../shared/state/reads.ts";
import { createTables } from "../../shared/state/schema.ts";
import type { Sql } from "../../shared/state/sql.ts";
import type { KvOperation } from "../../shared/structs/kv.ts";
import type {
  CheckRegistration,
  RegisterRequest,
  ServiceRegistration,
} from "../../shared/structs/registration.ts";
import type { SessionRequest } from "../../shared/structs/session.ts";
import { type MemorySql, memorySql } from "./memory-sql.ts";

export const options = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 0,
  waitMillis: 0,
} as const;

export function service(name: string, over: Partial<ServiceRegistration> = {}): ServiceRegistration {
  return {
    ID: name,
    Service: name,
    Tags: [],
    Address: "",
    Meta: null,
    Port: 80,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
    ...over,
  };
}

export function check(id: string, over: Partial<CheckRegistration> = {}): CheckRegistration {
  return {
    Node: "",
    CheckID: id,
    Name: id,
    Status: "passing",
    Notes: "",
    Output: "",
    ServiceID: "",
    Type: "",
    Definition: {},
    ...over,
  };
}

export function registration(node: string, over: Partial<RegisterRequest> = {}): RegisterRequest {
  return {
    Datacenter: "dc1",
    ID: "",
    Node: node,
    Address: "10.0.0.1",
    TaggedAddresses: null,
    NodeMeta: null,
    Service: null,
    Checks: [],
    SkipNodeUpdate: false,
    ...over,
  };
}

/** A store on memory and what it has been told: every command gets the next index. */
export type TestState = {
  readonly sql: MemorySql;
  index(): number;
  /** `at`: the leader's clock in the entry. */
  apply(command: Command, at?: number): AppliedCommand;
  /** Creates a session on node "n" (or the one that `over` names), which must have been registered. */
  session(id: string, over?: Partial<SessionRequest>): AppliedCommand;
  lock(verb: "acquire" | "release", key: string, session: string, over?: LockOver): AppliedCommand;
  register(node: string, over?: Partial<RegisterRequest>): AppliedCommand;
  deregister(node: string, what?: { ServiceID?: string; CheckID?: string }): AppliedCommand;
  kv(operation: KvOperation): AppliedCommand;
  set(key: string, value: string, flags?: string): AppliedCommand;
};

type LockOver = { readonly at?: number; readonly value?: string | null; readonly flags?: string };

const sessionDefaults: SessionRequest = {
  Name: "",
  Node: "n",
  LockDelay: 0,
  Behavior: "release",
  TTL: "",
  NodeChecks: [],
  ServiceChecks: null,
};

export function testState(): TestState {
  const sql = memorySql();
  createTables(sql);
  let index = 10;
  const state: TestState = {
    sql,
    index: () => index,
    apply(command, at = 0) {
      index++;
      return sql.transaction(() => applyCommand(sql, index, encodeCommand(command, at)));
    },
    session: (id, over = {}) =>
      state.apply({
        kind: "session",
        operation: { verb: "create", id, session: { ...sessionDefaults, ...over } },
      }),
    lock: (verb, key, session, { at = 0, value = "eA==", flags = "0" } = {}) =>
      state.apply({ kind: "kvLock", operation: { verb, key, value, flags: flags as U64, session } }, at),
    register: (node, over = {}) => state.apply({ kind: "register", registration: registration(node, over) }),
    deregister: (node, what = {}) =>
      state.apply({
        kind: "deregister",
        deregistration: { Datacenter: "dc1", Node: node, ServiceID: "", CheckID: "", ...what },
      }),
    kv: (operation) => state.apply({ kind: "kv", operation }),
    set: (key, value, flags = "0") => state.kv({ verb: "set", key, value, flags: flags as U64 }),
  };
  return state;
}

/** One read, its options filled in. */
export function read<M extends ReadMethod>(
  sql: Sql,
  method: M,
  request: Omit<RpcRequest<M>, "options">,
): ReturnType<(typeof stateReads)[M]> {
  const run = stateReads[method] as (sql: Sql, request: unknown) => ReadResult<unknown>;
  return run(sql, { ...request, options }) as ReturnType<(typeof stateReads)[M]>;
}
