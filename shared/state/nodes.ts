// Rows of nodes: reading, writing, removing. What a change of a node means for others is said here; when a
// registration may change one is decided in catalog.ts.

import type { NodeMetaFilter } from "../rpc/methods.ts";
import type { Node } from "../structs/node.ts";
import { removeCheck, checksOfNode } from "./checks.ts";
import { removeCoordinates } from "./coordinates.ts";
import { answerIndex, dropIndex, raise, type StateTransaction, storedIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey, metaMatches, sameBody, sortedMap } from "./row-bodies.ts";
import { removeService, serviceNamesOfNode, servicesOfNode } from "./services.ts";
import { endSessionsOfNode } from "./sessions.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

export type NodeFields = Omit<Node, "CreateIndex" | "ModifyIndex">;

export function nodeByName(sql: Sql, name: string): Node | null {
  const row = sql.exec("SELECT * FROM nodes WHERE node_key = ?", lookupKey(name))[0];
  return row === undefined ? null : fromBody<Node>(row);
}

/** The node with exactly this id. */
export function nodeById(sql: Sql, id: string): Node | null {
  if (id === "") return null;
  const row = sql.exec("SELECT * FROM nodes WHERE id_key = ? AND id_key <> ''", lookupKey(id))[0];
  return row === undefined ? null : fromBody<Node>(row);
}

/** The nodes whose ids begin so. */
export function nodesByIdPrefix(sql: Sql, prefix: string): readonly Node[] {
  const low = lookupKey(prefix);
  return sql
    .exec("SELECT * FROM nodes WHERE id_key >= ? AND id_key < ? AND id_key <> ''", low, `${low}~`)
    .map((row) => fromBody<Node>(row));
}

/** All nodes by name. */
export function listNodes(sql: Sql, nodeMeta: NodeMetaFilter): ReadResult<readonly Node[]> {
  const nodes = sql.exec("SELECT * FROM nodes ORDER BY node_key").map((row) => fromBody<Node>(row));
  const highest = nodes.reduce((max, node) => Math.max(max, node.ModifyIndex), 0);
  const key = watchKey("nodes");
  return {
    index: answerIndex(highest, storedIndex(sql, key)),
    keys: [key],
    value: nodes.filter((node) => metaMatches(node.Meta, nodeMeta)),
  };
}

/** Whether a row already says what a registration says. */
export function sameNode(existing: Node, fields: NodeFields): boolean {
  return sameBody(bodyOf(existing), bodyOf(fields));
}

/** Writes a node; CreateIndex is kept from `previous`, which may stand under another name (a rename). */
export function writeNode(transaction: StateTransaction, fields: NodeFields, previous: Node | null): void {
  const { sql, index } = transaction;
  const nodeKey = lookupKey(fields.Node);
  const replaced = nodeByName(sql, fields.Node);
  sql.exec(
    `INSERT INTO nodes (node_key, id_key, body, create_index, modify_index) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (node_key) DO UPDATE SET id_key = excluded.id_key, body = excluded.body,
       create_index = excluded.create_index, modify_index = excluded.modify_index`,
    nodeKey,
    lookupKey(fields.ID),
    bodyOf(fields),
    previous?.CreateIndex ?? index,
    index,
  );
  touchNode(transaction, nodeKey, fields.ID);
  if (replaced !== null && replaced.ID !== "" && lookupKey(replaced.ID) !== lookupKey(fields.ID)) {
    // Who asked by the old id finds nothing now, and must see a higher index with it.
    raise(transaction, watchKey("nodes"));
    touch(transaction, watchKey("node-id", lookupKey(replaced.ID)));
  }
  // Answers about services show their nodes.
  for (const name of serviceNamesOfNode(sql, nodeKey)) touch(transaction, watchKey("service", name));
}

/** Removes a node with its services and checks; an unknown one is no change. */
export function removeNode(transaction: StateTransaction, name: string): void {
  const { sql } = transaction;
  const node = nodeByName(sql, name);
  if (node === null) return;
  const nodeKey = lookupKey(name);
  for (const service of servicesOfNode(sql, nodeKey)) removeService(transaction, nodeKey, service.ID);
  for (const check of checksOfNode(sql, nodeKey)) removeCheck(transaction, nodeKey, check.CheckID);
  removeCoordinates(transaction, nodeKey);
  endSessionsOfNode(transaction, nodeKey);
  sql.exec("DELETE FROM nodes WHERE node_key = ?", nodeKey);
  dropIndex(transaction, watchKey("node", nodeKey));
  dropIndex(transaction, watchKey("node-checks", nodeKey));
  raise(transaction, watchKey("nodes"));
  touchNode(transaction, nodeKey, node.ID);
}

function touchNode(transaction: StateTransaction, nodeKey: string, id: string): void {
  touch(transaction, watchKey("nodes"));
  touch(transaction, watchKey("node", nodeKey));
  if (id !== "") touch(transaction, watchKey("node-id", lookupKey(id)));
}

function bodyOf(node: NodeFields): string {
  return JSON.stringify({
    ID: node.ID,
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter,
    TaggedAddresses: sortedMap(node.TaggedAddresses),
    Meta: sortedMap(node.Meta),
  });
}
