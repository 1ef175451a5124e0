// The reads of /v1/health: checks of a node, of a service, in a state, and instances of a service with their checks.
// Each is a fixed number of statements, however many instances and nodes there are.

import type { NodeMetaFilter } from "../rpc/methods.ts";
import type { CheckServiceNode, HealthCheck } from "../structs/check.ts";
import type { Node } from "../structs/node.ts";
import type { NodeService } from "../structs/service.ts";
import { checksOfNode } from "./checks.ts";
import { answerIndex, storedIndex } from "./indexes.ts";
import { nodeByName } from "./nodes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey, metaMatches } from "./row-bodies.ts";
import { hasTags, type InstanceSort, instanceRows, meshIndex, meshKeys, serviceIndex } from "./services.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** A node's checks by id; none for an unknown node. By name only, as in Consul 1.8.7. */
export function nodeChecks(sql: Sql, node: string): ReadResult<readonly HealthCheck[]> {
  const nodeKey = lookupKey(node);
  const keys = [watchKey("node", nodeKey), watchKey("node-checks", nodeKey)];
  const row = nodeByName(sql, node);
  if (row === null) return { index: answerIndex(storedIndex(sql, watchKey("nodes"))), keys, value: [] };
  const value = checksOfNode(sql, nodeKey);
  const highest = value.reduce((max, check) => Math.max(max, check.ModifyIndex), row.ModifyIndex);
  return { index: answerIndex(highest, storedIndex(sql, ...keys)), keys, value };
}

/** The checks that belong to a service (not those of its nodes), by node and id. */
export function serviceChecks(
  sql: Sql,
  service: string,
  nodeMeta: NodeMetaFilter,
): ReadResult<readonly HealthCheck[]> {
  const nameKey = lookupKey(service);
  const rows = sql.exec(
    `SELECT n.body AS node_body, n.modify_index AS node_modify, s.modify_index AS service_modify,
            c.body, c.create_index, c.modify_index
     FROM services s JOIN nodes n ON n.node_key = s.node_key
       LEFT JOIN checks c ON c.node_key = s.node_key AND c.service_key = s.id_key
     WHERE s.name_key = ? ORDER BY s.node_key, c.check_key`,
    nameKey,
  );
  let highest = 0;
  const value: HealthCheck[] = [];
  for (const row of rows) {
    highest = Math.max(
      highest,
      Number(row.node_modify),
      Number(row.service_modify),
      Number(row.modify_index ?? 0),
    );
    if (row.body === null || !nodeMatches(row, nodeMeta)) continue;
    value.push(fromBody<HealthCheck>(row));
  }
  const keys = [watchKey("service", nameKey), watchKey("health", nameKey)];
  return { index: serviceIndex(sql, highest, ...keys), keys, value };
}

/** All checks with a status, or with any; a status nobody has is an empty list. */
export function checksInState(
  sql: Sql,
  state: string,
  nodeMeta: NodeMetaFilter,
): ReadResult<readonly HealthCheck[]> {
  const filtered = Object.keys(nodeMeta).length > 0;
  const rows = sql.exec(
    `SELECT n.body AS node_body, c.body, c.create_index, c.modify_index
     FROM checks c JOIN nodes n ON n.node_key = c.node_key
     WHERE ? = 'any' OR c.status = ? ORDER BY c.node_key, c.check_key`,
    state,
    state,
  );
  // A check that left this state raises the answer's index as much as one that came.
  const tables = sql.exec(
    `SELECT (SELECT max(modify_index) FROM checks) AS checks, (SELECT max(modify_index) FROM nodes) AS nodes`,
  )[0] as SqlRow;
  const keys = filtered ? [watchKey("checks"), watchKey("nodes")] : [watchKey("checks")];
  return {
    index: answerIndex(
      Number(tables.checks ?? 0),
      filtered ? Number(tables.nodes ?? 0) : 0,
      storedIndex(sql, ...keys),
    ),
    keys,
    value: rows.filter((row) => nodeMatches(row, nodeMeta)).map((row) => fromBody<HealthCheck>(row)),
  };
}

/** The instances of a service, each with its node, its own checks and those of the node. */
export function healthServiceNodes(
  sql: Sql,
  service: string,
  tags: readonly string[],
  passingOnly: boolean,
  nodeMeta: NodeMetaFilter,
  sort: InstanceSort = "own",
): ReadResult<readonly CheckServiceNode[]> {
  const nameKey = lookupKey(service);
  const instances = instanceRows(sql, nameKey, sort);
  const checks = sort === "own" ? checksByInstance(sql, nameKey) : checksOfInstances(sql, instances);
  let highest = 0;
  const value: CheckServiceNode[] = [];
  for (const row of instances) {
    const entry: CheckServiceNode = {
      Node: fromBody<Node>(row, "node_body", "node_create", "node_modify"),
      Service: fromBody<NodeService>(row),
      Checks: checks.get(instanceOf(row)) ?? [],
    };
    highest = Math.max(highest, entry.Node.ModifyIndex, entry.Service.ModifyIndex);
    for (const check of entry.Checks) highest = Math.max(highest, check.ModifyIndex);
    const healthy = !passingOnly || entry.Checks.every((check) => check.Status === "passing");
    // Tags do not choose among those that take part in the mesh.
    const tagged = sort !== "own" || hasTags(entry.Service.Tags, tags);
    if (healthy && tagged && metaMatches(entry.Node.Meta, nodeMeta)) {
      value.push(entry);
    }
  }
  const keys = sort === "own" ? [watchKey("service", nameKey), watchKey("health", nameKey)] : meshKeys;
  const index = sort === "own" ? serviceIndex(sql, highest, ...keys) : meshIndex(sql, nameKey, highest);
  return { index, keys, value };
}

/** The same as checksByInstance for instances of several services. */
function checksOfInstances(sql: Sql, instances: readonly SqlRow[]): ReadonlyMap<string, HealthCheck[]> {
  const found = new Map<string, HealthCheck[]>();
  for (const row of instances) {
    const checks = sql.exec(
      `SELECT body, create_index, modify_index FROM checks
       WHERE node_key = ? AND (service_key = '' OR service_key = ?) ORDER BY service_key <> '', check_key`,
      row.node_key ?? "",
      row.id_key ?? "",
    );
    found.set(
      instanceOf(row),
      checks.map((check) => fromBody<HealthCheck>(check)),
    );
  }
  return found;
}

/** For every instance of a service: the checks of its node, then its own, each by id. */
function checksByInstance(sql: Sql, nameKey: string): ReadonlyMap<string, HealthCheck[]> {
  const rows = sql.exec(
    `SELECT s.node_key, s.id_key, c.body, c.create_index, c.modify_index
     FROM services s JOIN checks c ON c.node_key = s.node_key
     WHERE s.name_key = ? AND (c.service_key = '' OR c.service_key = s.id_key)
     ORDER BY s.node_key, s.id_key, c.service_key <> '', c.check_key`,
    nameKey,
  );
  const found = new Map<string, HealthCheck[]>();
  for (const row of rows) {
    const instance = instanceOf(row);
    const list = found.get(instance);
    if (list === undefined) found.set(instance, [fromBody<HealthCheck>(row)]);
    else list.push(fromBody<HealthCheck>(row));
  }
  return found;
}

function instanceOf(row: SqlRow): string {
  return JSON.stringify([row.node_key, row.id_key]);
}

function nodeMatches(row: SqlRow, wanted: NodeMetaFilter): boolean {
  if (Object.keys(wanted).length === 0) return true;
  return metaMatches((JSON.parse(String(row.node_body)) as Node).Meta, wanted);
}
