// Who has an IP address: for reverse lookups. Rare, so there is no index for it.

import type { ReadResult } from "./reads.ts";
import { answerIndex, storedIndex } from "./indexes.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** The first node (by name) with one of the addresses, else the first service whose own address it is. */
export function addressOwner(
  sql: Sql,
  addresses: readonly string[],
): ReadResult<{ readonly node: string; readonly service: string }> {
  const keys = [watchKey("nodes"), watchKey("services")];
  const tables = sql.exec(
    "SELECT (SELECT max(modify_index) FROM nodes) AS nodes, (SELECT max(modify_index) FROM services) AS services",
  )[0];
  const highest = Math.max(Number(tables?.nodes ?? 0), Number(tables?.services ?? 0));
  const index = answerIndex(highest, storedIndex(sql, ...keys));
  const nobody = { index, keys, value: { node: "", service: "" } };
  if (addresses.length === 0) return nobody;
  const places = addresses.map(() => "?").join(", ");
  const node = sql.exec(
    `SELECT json_extract(body, '$.Node') AS name FROM nodes
     WHERE json_extract(body, '$.Address') IN (${places}) ORDER BY node_key LIMIT 1`,
    ...addresses,
  )[0];
  if (node !== undefined) return { index, keys, value: { node: String(node.name), service: "" } };
  const service = sql.exec(
    `SELECT json_extract(body, '$.Service') AS name FROM services
     WHERE json_extract(body, '$.Address') IN (${places}) ORDER BY node_key, id_key LIMIT 1`,
    ...addresses,
  )[0];
  return service === undefined ? nobody : { index, keys, value: { node: "", service: String(service.name) } };
}
