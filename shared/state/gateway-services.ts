// Which services a gateway is linked to: those its entry names, and through "*" every service of the catalog. Kept as
// rows, because a service that is registered behind a wildcard takes the wildcard's place even of an explicit link
// (seen in Consul 1.8.7).

import type { ConfigEntry, GatewayService } from "../structs/config-entry.ts";
import { answerIndex, raise, type StateTransaction, storedIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey } from "./row-bodies.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

type Link = Omit<GatewayService, "CreateIndex" | "ModifyIndex">;

const wildcard = "*";

/** The links of an entry that was written. */
export function linkGateway(transaction: StateTransaction, entry: ConfigEntry): void {
  if (entry.Kind !== "ingress-gateway" && entry.Kind !== "terminating-gateway") return;
  const links = new Map(linksOf(entry).map((link) => [lookupKey(link.Service.Name), link]));
  const all = links.get(wildcard);
  for (const name of all === undefined ? [] : catalogServices(transaction.sql)) {
    if (all !== undefined && !links.has(lookupKey(name))) links.set(lookupKey(name), fromWildcard(all, name));
  }
  const old = transaction.sql.exec(
    "SELECT service_key, body FROM gateway_services WHERE gateway = ?",
    entry.Name,
  );
  for (const row of old) {
    const key = String(row.service_key);
    const link = links.get(key);
    if (link !== undefined && JSON.stringify(link) === row.body) links.delete(key);
    else remove(transaction, entry.Name, key);
  }
  for (const [key, link] of links) write(transaction, entry.Name, key, link);
}

/** The links of an entry that was deleted. */
export function unlinkGateway(
  transaction: StateTransaction,
  key: { readonly Kind: string; readonly Name: string },
): void {
  if (key.Kind !== "ingress-gateway" && key.Kind !== "terminating-gateway") return;
  const rows = transaction.sql.exec("SELECT service_key FROM gateway_services WHERE gateway = ?", key.Name);
  for (const row of rows) remove(transaction, key.Name, String(row.service_key));
}

/** A service got its first instance, or another one: wildcards take it in. */
export function linkService(transaction: StateTransaction, name: string, kind: string): void {
  if (kind !== "" || name === "consul") return;
  const rows = transaction.sql.exec("SELECT gateway, body FROM gateway_services WHERE service_key = '*'");
  for (const row of rows) {
    const link = fromWildcard(JSON.parse(String(row.body)) as Link, name);
    write(transaction, String(row.gateway), lookupKey(name), link);
  }
}

/** The last instance of a service went: what a wildcard had taken in goes, too. */
export function unlinkService(transaction: StateTransaction, nameKey: string): void {
  const rows = transaction.sql.exec(
    "SELECT gateway FROM gateway_services WHERE service_key = ? AND body ->> '$.FromWildcard' = 1",
    nameKey,
  );
  for (const row of rows) remove(transaction, String(row.gateway), nameKey);
}

/** The services of a gateway by name; null when it has none, or there is none such. */
export function gatewayServices(
  sql: Sql,
  gateway: string,
  protocolOf: (service: string) => string,
): ReadResult<readonly GatewayService[] | null> {
  const rows = sql.exec(
    "SELECT * FROM gateway_services WHERE gateway = ? AND service_key <> '*' ORDER BY service_key",
    gateway,
  );
  const highest = Number(sql.exec("SELECT max(modify_index) AS m FROM gateway_services")[0]?.m ?? 0);
  const key = watchKey("gateways");
  const links = rows
    .map((row) => fromBody<GatewayService>(row))
    // Through a wildcard an ingress gateway offers only what speaks the listener's protocol.
    .filter(
      (link) =>
        link.FromWildcard !== true ||
        link.Protocol === undefined ||
        protocolOf(link.Service.Name) === link.Protocol,
    );
  return {
    index: answerIndex(highest, storedIndex(sql, key)),
    keys: [key, watchKey("config-entries")],
    value: links.length === 0 ? null : links,
  };
}

function linksOf(entry: ConfigEntry & { Kind: "ingress-gateway" | "terminating-gateway" }): readonly Link[] {
  const head = (name: string) => ({
    Gateway: { Name: entry.Name },
    Service: { Name: name },
    GatewayKind: entry.Kind,
  });
  if (entry.Kind === "ingress-gateway") {
    return (entry.Listeners ?? []).flatMap(({ Port, Protocol, Services }) =>
      (Services ?? []).map(({ Name, Hosts }) => ({
        ...head(Name),
        Port,
        Protocol,
        ...(Hosts === null || Hosts.length === 0 ? {} : { Hosts }),
      })),
    );
  }
  return (entry.Services ?? []).map(({ Name, ...files }) => ({ ...head(Name), ...files }));
}

function fromWildcard(link: Link, name: string): Link {
  return { ...link, Service: { Name: name }, FromWildcard: true };
}

/** Names of ordinary services; proxies, gateways and the servers themselves are not linked. */
function catalogServices(sql: Sql): readonly string[] {
  return sql
    .exec(
      `SELECT DISTINCT body ->> '$.Service' AS name FROM services
       WHERE coalesce(body ->> '$.Kind', '') = '' AND name_key <> 'consul'`,
    )
    .map((row) => String(row.name));
}

function write(transaction: StateTransaction, gateway: string, serviceKey: string, link: Link): void {
  const { sql, index } = transaction;
  const body = JSON.stringify(link);
  const known = sql.exec(
    "SELECT body FROM gateway_services WHERE gateway = ? AND service_key = ?",
    gateway,
    serviceKey,
  )[0];
  if (known?.body === body) return;
  sql.exec(
    `INSERT INTO gateway_services (gateway, service_key, body, create_index, modify_index) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (gateway, service_key) DO UPDATE SET body = excluded.body, modify_index = excluded.modify_index`,
    gateway,
    serviceKey,
    body,
    index,
    index,
  );
  touch(transaction, watchKey("gateways"));
}

function remove(transaction: StateTransaction, gateway: string, serviceKey: string): void {
  transaction.sql.exec(
    "DELETE FROM gateway_services WHERE gateway = ? AND service_key = ?",
    gateway,
    serviceKey,
  );
  raise(transaction, watchKey("gateways"));
}
