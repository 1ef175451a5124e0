// Rows of service instances: reading, writing, removing, and the lists of /v1/catalog/services and /service/:name.

import type { NodeMetaFilter } from "../rpc/methods.ts";
import type { Node } from "../structs/node.ts";
import type { ServiceRegistration } from "../structs/registration.ts";
import type { NodeService, ServiceNode } from "../structs/service.ts";
import { checksOfService, removeCheck, renameServiceOfChecks } from "./checks.ts";
import {
  answerIndex,
  dropIndex,
  raise,
  type StateTransaction,
  serviceExtinctionIndex,
  setIndex,
  storedIndex,
  touch,
} from "./indexes.ts";
import { linkService, unlinkService } from "./gateway-services.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey, metaMatches, sameBody, sortedMap } from "./row-bodies.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

const instanceColumns = `n.body AS node_body, n.create_index AS node_create, n.modify_index AS node_modify,
    s.body, s.create_index, s.modify_index, s.node_key, s.id_key`;

/**
 * Whose instances: of the service itself; those that take part in the mesh for it (its proxies, itself where it is
 * native, then the terminating gateways that lead to it); or the ingress gateways that lead to it.
 */
export type InstanceSort = "own" | "mesh" | "ingress";

const behindGateway = (kind: string) => `s.body ->> '$.Kind' = '${kind}' AND s.name_key IN (
    SELECT lower(gateway) FROM gateway_services WHERE service_key = ? AND body ->> '$.GatewayKind' = '${kind}')`;

const instanceQueries: Readonly<Record<InstanceSort, string>> = {
  own: `SELECT ${instanceColumns} FROM services s JOIN nodes n ON n.node_key = s.node_key
    WHERE s.name_key = ? ORDER BY s.node_key, s.id_key`,
  mesh: `SELECT ${instanceColumns} FROM services s JOIN nodes n ON n.node_key = s.node_key
    WHERE (s.body ->> '$.Kind' = 'connect-proxy' AND lower(s.body ->> '$.Proxy.DestinationServiceName') = ?)
      OR (s.name_key = ? AND s.body ->> '$.Connect.Native') OR (${behindGateway("terminating-gateway")})
    ORDER BY coalesce(s.body ->> '$.Kind', '') = 'terminating-gateway', s.node_key, s.id_key`,
  ingress: `SELECT ${instanceColumns} FROM services s JOIN nodes n ON n.node_key = s.node_key
    WHERE ${behindGateway("ingress-gateway")} ORDER BY s.node_key, s.id_key`,
};

/** The rows of a service's instances with their nodes, by node name and service id; used for health, too. */
export function instanceRows(sql: Sql, nameKey: string, sort: InstanceSort): readonly SqlRow[] {
  const query = instanceQueries[sort];
  return sort === "mesh" ? sql.exec(query, nameKey, nameKey, nameKey) : sql.exec(query, nameKey);
}

/** What an answer about the mesh depends on: there is no key for whose proxy or gateway a service is. */
export const meshKeys: readonly string[] = [
  watchKey("services"),
  watchKey("nodes"),
  watchKey("checks"),
  watchKey("gateways"),
];

export function serviceOfNode(sql: Sql, nodeKey: string, id: string): NodeService | null {
  const row = sql.exec("SELECT * FROM services WHERE node_key = ? AND id_key = ?", nodeKey, lookupKey(id))[0];
  return row === undefined ? null : fromBody<NodeService>(row);
}

/** A node's services by id. */
export function servicesOfNode(sql: Sql, nodeKey: string): readonly NodeService[] {
  return sql
    .exec("SELECT * FROM services WHERE node_key = ? ORDER BY id_key", nodeKey)
    .map((row) => fromBody<NodeService>(row));
}

/** Lookup names of the services that have an instance on a node. */
export function serviceNamesOfNode(sql: Sql, nodeKey: string): readonly string[] {
  return sql
    .exec("SELECT DISTINCT name_key FROM services WHERE node_key = ?", nodeKey)
    .map((row) => String(row.name_key));
}

/** Every service name with the union of its instances' tags, sorted. */
export function listServices(
  sql: Sql,
  nodeMeta: NodeMetaFilter,
): ReadResult<Readonly<Record<string, readonly string[]>>> {
  const filtered = Object.keys(nodeMeta).length > 0;
  const services = watchKey("services");
  const keys = filtered ? [services, watchKey("nodes")] : [services];
  // Without a filter one row per distinct pair of name and tags is enough, however many instances there are.
  const rows = filtered
    ? sql.exec(
        `SELECT s.body ->> '$.Service' AS name, s.body -> '$.Tags' AS tags, n.body AS node_body,
                max(s.modify_index, n.modify_index) AS modify_index
         FROM services s JOIN nodes n ON n.node_key = s.node_key`,
      )
    : sql.exec(
        `SELECT body ->> '$.Service' AS name, body -> '$.Tags' AS tags, max(modify_index) AS modify_index
         FROM services GROUP BY 1, 2`,
      );
  const tagsByName = new Map<string, Set<string>>();
  let highest = 0;
  for (const row of rows) {
    highest = Math.max(highest, Number(row.modify_index));
    if (filtered && !metaMatches((JSON.parse(String(row.node_body)) as Node).Meta, nodeMeta)) continue;
    const name = String(row.name);
    const tags = tagsByName.get(name) ?? new Set();
    for (const tag of JSON.parse(String(row.tags)) as string[]) tags.add(tag);
    tagsByName.set(name, tags);
  }
  const names = [...tagsByName].sort(([a], [b]) => (a < b ? -1 : 1));
  // A node without services moves the nodes table, and so the filtered answer's index, without a row above.
  const nodes = filtered ? Number(sql.exec("SELECT max(modify_index) AS m FROM nodes")[0]?.m ?? 0) : 0;
  return {
    index: answerIndex(highest, nodes, storedIndex(sql, ...keys)),
    keys,
    value: Object.fromEntries(names.map(([name, tags]) => [name, [...tags].sort()])),
  };
}

/** The instances of a service with their nodes; tags are compared without regard to case, and all must be there. */
export function listServiceNodes(
  sql: Sql,
  service: string,
  tags: readonly string[],
  nodeMeta: NodeMetaFilter,
  mesh = false,
): ReadResult<readonly ServiceNode[]> {
  const nameKey = lookupKey(service);
  const keys = mesh ? meshKeys : [watchKey("service", nameKey)];
  const rows = instanceRows(sql, nameKey, mesh ? "mesh" : "own");
  let highest = 0;
  const value: ServiceNode[] = [];
  for (const row of rows) {
    const instance = fromBody<NodeService>(row);
    const node = fromBody<Node>(row, "node_body", "node_create", "node_modify");
    highest = Math.max(highest, instance.ModifyIndex, node.ModifyIndex);
    // Tags do not choose among those that take part in the mesh.
    if ((mesh || hasTags(instance.Tags, tags)) && metaMatches(node.Meta, nodeMeta)) {
      value.push(serviceNodeOf(node, instance));
    }
  }
  const index = mesh ? meshIndex(sql, nameKey, highest) : serviceIndex(sql, highest, ...keys);
  return { index, keys, value };
}

/** The index of an answer about the mesh: what came and went, links of gateways included, never lowers it. */
export function meshIndex(sql: Sql, nameKey: string, highest: number): number {
  const links = sql.exec(
    "SELECT max(modify_index) AS m FROM gateway_services WHERE service_key = ?",
    nameKey,
  );
  return answerIndex(
    highest,
    Number(links[0]?.m ?? 0),
    storedIndex(sql, serviceExtinctionIndex, ...meshKeys),
  );
}

/** The index of an answer about one service: `highest` is that of its rows, 0 when it has no instance. */
export function serviceIndex(sql: Sql, highest: number, ...keys: readonly string[]): number {
  return answerIndex(highest, storedIndex(sql, ...(highest === 0 ? [serviceExtinctionIndex] : keys)));
}

/** Whether every wanted tag is there; Consul ignores case. */
export function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const have = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => have.has(tag.toLowerCase()));
}

/** Writes a service of an existing node, unless the row already says the same. */
export function writeService(
  transaction: StateTransaction,
  nodeKey: string,
  service: ServiceRegistration,
): void {
  const { sql, index } = transaction;
  const existing = serviceOfNode(sql, nodeKey, service.ID);
  const body = bodyOf(service);
  if (existing !== null && sameBody(bodyOf(existing), body)) return;
  const nameKey = lookupKey(service.Service);
  sql.exec(
    `INSERT INTO services (node_key, id_key, name_key, body, create_index, modify_index) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (node_key, id_key) DO UPDATE SET name_key = excluded.name_key, body = excluded.body,
       modify_index = excluded.modify_index`,
    nodeKey,
    lookupKey(service.ID),
    nameKey,
    body,
    index,
    index,
  );
  touch(transaction, watchKey("services"));
  touch(transaction, watchKey("node", nodeKey));
  touch(transaction, watchKey("service", nameKey));
  if (existing === null || lookupKey(existing.Service) !== nameKey) {
    linkService(transaction, service.Service, service.Kind ?? "");
  }
  if (existing === null) return;
  if (lookupKey(existing.Service) !== nameKey) leaveService(transaction, lookupKey(existing.Service));
  if (existing.Service !== service.Service || !sameTags(existing.Tags, service.Tags)) {
    renameServiceOfChecks(transaction, nodeKey, service);
  }
}

/** Removes a service with its checks; an unknown one is no change. */
export function removeService(transaction: StateTransaction, nodeKey: string, id: string): void {
  const { sql } = transaction;
  const existing = serviceOfNode(sql, nodeKey, id);
  if (existing === null) return;
  for (const check of checksOfService(sql, nodeKey, id)) removeCheck(transaction, nodeKey, check.CheckID);
  sql.exec("DELETE FROM services WHERE node_key = ? AND id_key = ?", nodeKey, lookupKey(id));
  raise(transaction, watchKey("services"));
  raise(transaction, watchKey("node", nodeKey));
  leaveService(transaction, lookupKey(existing.Service));
}

/** An instance is no longer of this service: its index rises, or with the last instance the extinction index. */
function leaveService(transaction: StateTransaction, nameKey: string): void {
  const left = transaction.sql.exec("SELECT 1 AS found FROM services WHERE name_key = ? LIMIT 1", nameKey);
  if (left.length > 0) {
    raise(transaction, watchKey("service", nameKey));
    raise(transaction, watchKey("health", nameKey));
    return;
  }
  dropIndex(transaction, watchKey("service", nameKey));
  dropIndex(transaction, watchKey("health", nameKey));
  setIndex(transaction, serviceExtinctionIndex);
  unlinkService(transaction, nameKey);
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, at) => tag === b[at]);
}

/** Fields in the order in which the API shows them. */
function bodyOf(service: ServiceRegistration): string {
  const tagged = service.TaggedAddresses;
  return JSON.stringify({
    ...(service.Kind === undefined || service.Kind === "" ? {} : { Kind: service.Kind }),
    ID: service.ID,
    Service: service.Service,
    Tags: service.Tags,
    Address: service.Address,
    ...(tagged === undefined || Object.keys(tagged).length === 0
      ? {}
      : { TaggedAddresses: sortedMap(tagged) }),
    Meta: sortedMap(service.Meta),
    Port: service.Port,
    Weights: { Passing: service.Weights.Passing, Warning: service.Weights.Warning },
    EnableTagOverride: service.EnableTagOverride,
    Proxy: service.Proxy,
    Connect: service.Connect,
  });
}

function serviceNodeOf(node: Node, service: NodeService): ServiceNode {
  return {
    ID: node.ID,
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter,
    TaggedAddresses: node.TaggedAddresses,
    NodeMeta: node.Meta,
    ServiceKind: service.Kind ?? "",
    ServiceID: service.ID,
    ServiceName: service.Service,
    ServiceTags: service.Tags,
    ServiceAddress: service.Address,
    ...(service.TaggedAddresses === undefined ? {} : { ServiceTaggedAddresses: service.TaggedAddresses }),
    ServiceWeights: service.Weights,
    ServiceMeta: service.Meta ?? {},
    ServicePort: service.Port,
    ServiceEnableTagOverride: service.EnableTagOverride,
    ServiceProxy: service.Proxy,
    ServiceConnect: service.Connect,
    CreateIndex: service.CreateIndex,
    ModifyIndex: service.ModifyIndex,
  };
}
