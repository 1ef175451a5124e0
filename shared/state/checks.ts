// Rows of health checks: reading, writing, removing. A check of a service shows that service's name and tags, so they
// are copied into it, also when the service changes later (Consul 1.8.7 leaves the old ones until the next update).

import type { HealthCheck } from "../structs/check.ts";
import type { CheckRegistration, ServiceRegistration } from "../structs/registration.ts";
import { raise, type StateTransaction, touch } from "./indexes.ts";
import { fromBody, lookupKey, sameBody } from "./row-bodies.ts";
import { serviceNamesOfNode, serviceOfNode } from "./services.ts";
import { endSessionsOfCheck } from "./sessions.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

type CheckFields = Omit<HealthCheck, "CreateIndex" | "ModifyIndex">;

export function checkOfNode(sql: Sql, nodeKey: string, id: string): HealthCheck | null {
  const row = sql.exec(
    "SELECT * FROM checks WHERE node_key = ? AND check_key = ?",
    nodeKey,
    lookupKey(id),
  )[0];
  return row === undefined ? null : fromBody<HealthCheck>(row);
}

/** A node's checks by id, those of its services included. */
export function checksOfNode(sql: Sql, nodeKey: string): readonly HealthCheck[] {
  return sql
    .exec("SELECT * FROM checks WHERE node_key = ? ORDER BY check_key", nodeKey)
    .map((row) => fromBody<HealthCheck>(row));
}

export function checksOfService(sql: Sql, nodeKey: string, serviceId: string): readonly HealthCheck[] {
  return sql
    .exec(
      "SELECT * FROM checks WHERE node_key = ? AND service_key = ? ORDER BY check_key",
      nodeKey,
      lookupKey(serviceId),
    )
    .map((row) => fromBody<HealthCheck>(row));
}

/** Writes a check of an existing node, and of an existing service if it names one, unless nothing would change. */
export function writeCheck(transaction: StateTransaction, nodeKey: string, check: CheckRegistration): void {
  const { sql } = transaction;
  const service = check.ServiceID === "" ? null : serviceOfNode(sql, nodeKey, check.ServiceID);
  const existing = checkOfNode(sql, nodeKey, check.CheckID);
  const fields: CheckFields = {
    Node: check.Node,
    CheckID: check.CheckID,
    Name: check.Name,
    Status: check.Status === "" ? "critical" : check.Status,
    Notes: check.Notes,
    Output: check.Output,
    ServiceID: check.ServiceID,
    ServiceName: service?.Service ?? check.ServiceName ?? "",
    ServiceTags: [...(service?.Tags ?? check.ServiceTags ?? [])],
    Type: check.Type,
    Definition: check.Definition,
  };
  if (existing !== null && sameBody(bodyOf(existing), bodyOf(fields))) return;
  putCheck(transaction, nodeKey, fields);
  // A check that now belongs elsewhere is gone from the answers about where it was.
  if (existing !== null && lookupKey(existing.ServiceID) !== lookupKey(check.ServiceID)) {
    for (const key of healthKeysOf(sql, nodeKey, existing)) raise(transaction, key);
  }
  if (fields.Status === "critical") endSessionsOfCheck(transaction, nodeKey, fields.CheckID);
}

/** Removes a check; an unknown one is no change. */
export function removeCheck(transaction: StateTransaction, nodeKey: string, id: string): void {
  const { sql } = transaction;
  const existing = checkOfNode(sql, nodeKey, id);
  if (existing === null) return;
  sql.exec("DELETE FROM checks WHERE node_key = ? AND check_key = ?", nodeKey, lookupKey(id));
  forgetCheckTtl(sql, nodeKey, lookupKey(id));
  raise(transaction, watchKey("checks"));
  raise(transaction, watchKey("node-checks", nodeKey));
  for (const key of healthKeysOf(sql, nodeKey, existing)) raise(transaction, key);
  endSessionsOfCheck(transaction, nodeKey, existing.CheckID);
}

/** What is kept of how long reports last (check-ttl.ts) goes with the check. */
export function forgetCheckTtl(sql: Sql, nodeKey: string, checkKey: string): void {
  sql.exec("DELETE FROM check_ttls WHERE node_key = ? AND check_key = ?", nodeKey, checkKey);
}

/** Gives a service's checks its present name and tags. */
export function renameServiceOfChecks(
  transaction: StateTransaction,
  nodeKey: string,
  service: ServiceRegistration,
): void {
  for (const check of checksOfService(transaction.sql, nodeKey, service.ID)) {
    const { CreateIndex: _create, ModifyIndex: _modify, ...fields } = check;
    putCheck(transaction, nodeKey, { ...fields, ServiceName: service.Service, ServiceTags: service.Tags });
  }
}

function putCheck(transaction: StateTransaction, nodeKey: string, fields: CheckFields): void {
  const { sql, index } = transaction;
  sql.exec(
    `INSERT INTO checks (node_key, check_key, service_key, status, body, create_index, modify_index)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (node_key, check_key) DO UPDATE SET service_key = excluded.service_key, status = excluded.status,
       body = excluded.body, modify_index = excluded.modify_index`,
    nodeKey,
    lookupKey(fields.CheckID),
    lookupKey(fields.ServiceID),
    fields.Status,
    bodyOf(fields),
    index,
    index,
  );
  touch(transaction, watchKey("checks"));
  touch(transaction, watchKey("node-checks", nodeKey));
  for (const key of healthKeysOf(sql, nodeKey, fields)) touch(transaction, key);
}

/** Whose health a check is part of: its service's, or, for a check of the node, that of all services on it. */
function healthKeysOf(sql: Sql, nodeKey: string, check: CheckFields): readonly string[] {
  if (check.ServiceID !== "") return [watchKey("health", lookupKey(check.ServiceName))];
  return serviceNamesOfNode(sql, nodeKey).map((name) => watchKey("health", name));
}

function bodyOf(check: CheckFields): string {
  return JSON.stringify({
    Node: check.Node,
    CheckID: check.CheckID,
    Name: check.Name,
    Status: check.Status,
    Notes: check.Notes,
    Output: check.Output,
    ServiceID: check.ServiceID,
    ServiceName: check.ServiceName,
    ServiceTags: check.ServiceTags,
    Type: check.Type,
    Definition: check.Definition,
  });
}
