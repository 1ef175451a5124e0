// Every read of the RPC list on the state: the answer, the index it depends on, and the watch keys that can change it.
// Called by the server once it may serve the read; the same call is repeated when a watch key changed.

import type { RpcMethod, RpcMethods, RpcReply, RpcRequest } from "../rpc/methods.ts";
import { autopilotGet } from "./autopilot.ts";
import { addressOwner } from "./addresses.ts";
import { nodeServices } from "./catalog.ts";
import { discoveryChain, getConfigEntry, listConfigEntries, serviceProtocol } from "./config-entries.ts";
import { gatewayServices } from "./gateway-services.ts";
import { nodeDump } from "./node-dump.ts";
import { coordinatesOfNode, listCoordinates, nearest } from "./coordinates.ts";
import { checksInState, healthServiceNodes, nodeChecks, serviceChecks } from "./health.ts";
import { kvGet, kvList, kvListKeys } from "./kv.ts";
import { kvPage } from "./kv-pages.ts";
import { listNodes } from "./nodes.ts";
import { executeQuery, explainQuery, getQuery, listQueries } from "./prepared-queries.ts";
import { listServiceNodes, listServices } from "./services.ts";
import { nodeSessions, sessionGet, sessionList } from "./sessions.ts";
import type { Sql } from "./sql.ts";
import { readTxn } from "./txn.ts";
import { listUserEvents } from "./user-events.ts";

/**
 * 1. index is never 0, and never falls while no tombstone is reaped.
 * 2. A change that matches none of the keys leaves the value as it is, and the index, too, unless nothing was found.
 */
export type ReadResult<T> = {
  readonly index: number;
  /** A higher index is news by itself, also when the value is the same: it tells of what the value does not show. */
  readonly indexIsNews?: true;
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
  "Catalog.ListNodes": (sql, request) =>
    nearest(sql, request.options, listNodes(sql, request.nodeMeta), byNode),
  "Catalog.ListServices": (sql, request) => listServices(sql, request.nodeMeta),
  "Catalog.ServiceNodes": (sql, request) =>
    nearest(
      sql,
      request.options,
      listServiceNodes(sql, request.service, request.tags, request.nodeMeta, request.mesh === true),
      byNode,
    ),
  "Catalog.NodeServices": (sql, request) => nodeServices(sql, request.node),
  "Catalog.AddressOwner": (sql, request) => addressOwner(sql, request.addresses),
  "Health.NodeChecks": (sql, request) => nodeChecks(sql, request.node),
  "Health.ServiceChecks": (sql, request) =>
    nearest(sql, request.options, serviceChecks(sql, request.service, request.nodeMeta), byNode),
  "Health.ChecksInState": (sql, request) =>
    nearest(sql, request.options, checksInState(sql, request.state, request.nodeMeta), byNode),
  "Health.ServiceNodes": (sql, request) =>
    nearest(
      sql,
      request.options,
      healthServiceNodes(
        sql,
        request.service,
        request.tags,
        request.passingOnly,
        request.nodeMeta,
        request.ingress === true ? "ingress" : request.mesh === true ? "mesh" : "own",
      ),
      (row) => row.Node.Node,
    ),
  "Coordinate.ListNodes": (sql) => listCoordinates(sql),
  "Event.List": (sql, request) => listUserEvents(sql, request.name),
  "ConfigEntry.Get": (sql, request) => getConfigEntry(sql, request.entryKind, request.name),
  "ConfigEntry.List": (sql, request) => listConfigEntries(sql, request.entryKind),
  "DiscoveryChain.Get": (sql, request) =>
    discoveryChain(sql, {
      service: request.service,
      datacenter: request.evaluateIn,
      trustDomain: request.trustDomain ?? "",
      overrides: request.overrides,
    }),
  "Catalog.GatewayServices": (sql, request) =>
    gatewayServices(sql, request.gateway, (service) => serviceProtocol(sql, service)),
  "Internal.NodeDump": (sql, request) => nodeDump(sql, request.node),
  "PreparedQuery.List": (sql) => listQueries(sql),
  "PreparedQuery.Get": (sql, request) => getQuery(sql, request.id),
  "PreparedQuery.Explain": (sql, request) => explainQuery(sql, request.idOrName),
  "PreparedQuery.Execute": (sql, request) =>
    executeQuery(sql, {
      ...request,
      near: request.options.near ?? "",
      datacenter: request.options.datacenter,
      seed: request.seed ?? 0,
    }),
  "Coordinate.Node": (sql, request) => coordinatesOfNode(sql, request.node),
  "Operator.AutopilotGetConfiguration": (sql) => autopilotGet(sql),
  "Session.Get": (sql, request) => sessionGet(sql, request.id),
  "Session.List": (sql) => sessionList(sql),
  "Session.NodeSessions": (sql, request) => nodeSessions(sql, request.node),
  "Txn.Read": (sql, request) => readTxn(sql, request.operations),
  "KVS.Get": (sql, request) => kvGet(sql, request.key),
  "KVS.List": (sql, request) => kvList(sql, request.prefix),
  "KVS.Page": (sql, request) => kvPage(sql, request.page),
  "KVS.ListKeys": (sql, request) => kvListKeys(sql, request.prefix, request.separator),
};

function byNode(row: { readonly Node: string }): string {
  return row.Node;
}
