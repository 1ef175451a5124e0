// Network coordinates of nodes: written in batches, removed with their node, read for the API and for ?near.

import { sortByDistance } from "../coordinate/near.ts";
import type { Coordinate, NodeCoordinate } from "../structs/coordinate.ts";
import type { QueryOptions } from "../structs/query.ts";
import { answerIndex, raise, type StateTransaction, storedIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { lookupKey } from "./row-bodies.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** Writes a batch. A coordinate of a node that is not in the catalog is left out, as in Consul; an equal one costs nothing. */
export function coordinatesUpdate(transaction: StateTransaction, updates: readonly NodeCoordinate[]): void {
  const { sql, index } = transaction;
  for (const update of updates) {
    const nodeKey = lookupKey(update.Node);
    if (sql.exec("SELECT 1 AS found FROM nodes WHERE node_key = ?", nodeKey).length === 0) continue;
    const { Coord } = update;
    const body = JSON.stringify({
      Vec: Coord.Vec,
      Error: Coord.Error,
      Adjustment: Coord.Adjustment,
      Height: Coord.Height,
    });
    const known = sql.exec(
      "SELECT body FROM coordinates WHERE node_key = ? AND segment = ?",
      nodeKey,
      update.Segment,
    )[0];
    if (known?.body === body) continue;
    sql.exec(
      `INSERT INTO coordinates (node_key, segment, body, modify_index) VALUES (?, ?, ?, ?)
       ON CONFLICT (node_key, segment) DO UPDATE SET body = excluded.body, modify_index = excluded.modify_index`,
      nodeKey,
      update.Segment,
      body,
      index,
    );
    touch(transaction, watchKey("coordinates"));
    touch(transaction, watchKey("coordinate", nodeKey));
  }
}

/** The node is going: so do its coordinates. */
export function removeCoordinates(transaction: StateTransaction, nodeKey: string): void {
  const { sql } = transaction;
  const any = sql.exec("SELECT 1 AS found FROM coordinates WHERE node_key = ? LIMIT 1", nodeKey);
  if (any.length === 0) return;
  sql.exec("DELETE FROM coordinates WHERE node_key = ?", nodeKey);
  raise(transaction, watchKey("coordinates"));
  touch(transaction, watchKey("coordinate", nodeKey));
}

/** All coordinates by node and segment. */
export function listCoordinates(sql: Sql): ReadResult<readonly NodeCoordinate[]> {
  const rows = sql.exec(
    `SELECT c.*, n.body ->> '$.Node' AS name FROM coordinates c JOIN nodes n ON n.node_key = c.node_key
     ORDER BY c.node_key, c.segment`,
  );
  const key = watchKey("coordinates");
  return {
    index: answerIndex(storedIndex(sql, key), ...rows.map((row) => Number(row.modify_index))),
    keys: [key],
    value: rows.map((row) => nodeCoordinate(String(row.name), row)),
  };
}

/** One node's coordinates by segment. The name is shown as it was asked for, and the index is the table's, as in Consul. */
export function coordinatesOfNode(sql: Sql, node: string): ReadResult<readonly NodeCoordinate[]> {
  const nodeKey = lookupKey(node);
  const rows = sql.exec("SELECT * FROM coordinates WHERE node_key = ? ORDER BY segment", nodeKey);
  const highest = Number(sql.exec("SELECT max(modify_index) AS m FROM coordinates")[0]?.m ?? 0);
  return {
    index: answerIndex(highest, storedIndex(sql, watchKey("coordinates"))),
    keys: [watchKey("coordinates")],
    value: rows.map((row) => nodeCoordinate(node, row)),
  };
}

/** An answer's rows by distance from `options.near`. A coordinate that moves wakes nobody who waits for the rows. */
export function nearest<T>(
  sql: Sql,
  options: QueryOptions,
  result: ReadResult<readonly T[]>,
  nodeOf: (row: T) => string,
): ReadResult<readonly T[]> {
  const near = options.near ?? "";
  if (near === "" || result.value.length < 2) return result;
  return { ...result, value: nearestRows(sql, near, result.value, nodeOf) };
}

/** Rows by distance from a node. */
export function nearestRows<T>(
  sql: Sql,
  near: string,
  rows: readonly T[],
  nodeOf: (row: T) => string,
): readonly T[] {
  return sortByDistance(rows, nodeOf, near, (node) => {
    const found = sql.exec("SELECT segment, body FROM coordinates WHERE node_key = ?", lookupKey(node));
    return new Map(found.map((row) => [String(row.segment), coordinateOf(row)]));
  });
}

function nodeCoordinate(node: string, row: SqlRow): NodeCoordinate {
  return { Node: node, Segment: String(row.segment), Coord: coordinateOf(row) };
}

function coordinateOf(row: SqlRow): Coordinate {
  return JSON.parse(String(row.body)) as Coordinate;
}
