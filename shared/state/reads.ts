// Every read of the RPC list on the state: the answer, the index it depends on, and the watch keys that can change it.
// Called by the server once it may serve the read; the same call is repeated when a watch key changed.

import type { RpcMethod, RpcMethods, RpcReply, RpcRequest } from "../rpc/methods.ts";
import { nodeServices } from "./catalog.ts";
import { checksInState, healthServiceNodes, nodeChecks, serviceChecks } from "./health.ts";
import { kvGet, kvList, kvListKeys } from "./kv.ts";
import { listNodes } from "./nodes.ts";
import { listServiceNodes, listServices } from "./services.ts";
import type { Sql } from "./sql.ts";

/**
 * 1. index is never 0, and never falls while no tombstone is reaped.
 * 2. A change that matches none of the keys leaves the value as it is, and the index, too, unless nothing was found.
 */
export type ReadResult<T> = {
  readonly index: number;
  readonly keys: readonly string[];
  readonly value: T;
};

export type ReadMethod = {
  [M in RpcMethod]: RpcMethods[M]["kind"] extends "read" ? M : never;
}[RpcMethod];

type ReadValue<M extends ReadMethod> = RpcReply<M> extends { readonly value: infer T } ? T : never;

export type StateReads = {
  readonly [M in ReadMethod]: (sql: Sql, request: RpcRequest<M>) => ReadResult<ReadValue<M>>;
};

export const stateReads: StateReads = {
  "Catalog.ListNodes": (sql, request) => listNodes(sql, request.nodeMeta),
  "Catalog.ListServices": (sql, request) => listServices(sql, request.nodeMeta),
  "Catalog.ServiceNodes": (sql, request) =>
    listServiceNodes(sql, request.service, request.tags, request.nodeMeta),
  "Catalog.NodeServices": (sql, request) => nodeServices(sql, request.node),
  "Health.NodeChecks": (sql, request) => nodeChecks(sql, request.node),
  "Health.ServiceChecks": (sql, request) => serviceChecks(sql, request.service, request.nodeMeta),
  "Health.ChecksInState": (sql, request) => checksInState(sql, request.state, request.nodeMeta),
  "Health.ServiceNodes": (sql, request) =>
    healthServiceNodes(sql, request.service, request.tags, request.passingOnly, request.nodeMeta),
  "KVS.Get": (sql, request) => kvGet(sql, request.key),
  "KVS.List": (sql, request) => kvList(sql, request.prefix),
  "KVS.ListKeys": (sql, request) => kvListKeys(sql, request.prefix, request.separator),
};
