// Nodes with all that is on them: what the user interface shows. Three statements, however many nodes there are.

import type { HealthCheck } from "../structs/check.ts";
import type { Node } from "../structs/node.ts";
import type { NodeInfo } from "../structs/node-info.ts";
import type { NodeService } from "../structs/service.ts";
import { answerIndex, storedIndex } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey } from "./row-bodies.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** One node by name (none when it is unknown), or all for "". */
export function nodeDump(sql: Sql, name: string): ReadResult<readonly NodeInfo[]> {
  const asked = lookupKey(name);
  const rowsOf = (table: "nodes" | "services" | "checks", order: string) =>
    sql.exec(`SELECT * FROM ${table} WHERE ? IN ('', node_key) ORDER BY node_key, ${order}`, asked);
  const nodes = rowsOf("nodes", "node_key");
  const services = byNode<NodeService>(rowsOf("services", "id_key"));
  const checks = byNode<HealthCheck>(rowsOf("checks", "check_key"));
  const keys =
    asked === ""
      ? [watchKey("nodes"), watchKey("services"), watchKey("checks")]
      : [watchKey("node", asked), watchKey("node-checks", asked)];
  const value = nodes.map((row) => {
    const { ID, Node: shown, Address, TaggedAddresses, Meta } = fromBody<Node>(row);
    const key = String(row.node_key);
    const own = { Services: services.get(key) ?? [], Checks: checks.get(key) ?? [] };
    return { ID, Node: shown, Address, TaggedAddresses, Meta, ...own };
  });
  const inside = [...services.values(), ...checks.values()].flat().map((entry) => entry.ModifyIndex);
  const highest = [...nodes.map((row) => Number(row.modify_index)), ...inside].reduce(
    (max, index) => Math.max(max, index),
    0,
  );
  const gone = nodes.length === 0 ? [watchKey("nodes")] : keys;
  return { index: answerIndex(highest, storedIndex(sql, ...gone)), keys, value };
}

function byNode<T extends { CreateIndex: number; ModifyIndex: number }>(
  rows: readonly SqlRow[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const key = String(row.node_key);
    const list = found.get(key);
    if (list === undefined) found.set(key, [fromBody<T>(row)]);
    else list.push(fromBody<T>(row));
  }
  return found;
}
