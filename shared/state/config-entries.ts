// Configuration entries: written only when every discovery chain and gateway they touch stays whole. The texts are
// Consul 1.8.7's.

import { checkedEntry } from "../config-entry/validate.ts";
import { type ChainEntries, compileChain, protocolOf } from "../discovery-chain/compile.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import type { ConfigEntry, ConfigEntryOf, ConfigKind, StoredConfigEntry } from "../structs/config-entry.ts";
import type { ChainOverrides, DiscoveryChain } from "../structs/discovery-chain.ts";
import { linkGateway, unlinkGateway } from "./gateway-services.ts";
import { answerIndex, raise, type StateTransaction, storedIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey } from "./row-bodies.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

export type ConfigEntryKey = { readonly Kind: ConfigKind; readonly Name: string };

/** An entry as it would be; null: deleted. Its datacenter stands in the names of what it breaks. */
type Proposed = {
  readonly key: ConfigEntryKey;
  readonly entry: ConfigEntry | null;
  readonly datacenter: string;
};

/** Writes an entry; with `modifyIndex` only where the entry has that one (0: where there is none). */
export function configEntrySet(
  transaction: StateTransaction,
  given: ConfigEntry,
  modifyIndex: number | null,
  datacenter: string,
): Result<boolean, ServerError> {
  const { sql, index } = transaction;
  const checked = checkedEntry(given);
  if (!checked.ok) return fail(serverError("rejected", checked.error));
  const entry = checked.value;
  const existing = entryAt(sql, entry.Kind, entry.Name);
  if (modifyIndex !== null && (existing?.ModifyIndex ?? 0) !== modifyIndex) return ok(false);
  const problem = gatewayNameProblem(sql, entry) ?? graphProblem(sql, { key: entry, entry, datacenter });
  if (problem !== null) return fail(serverError("rejected", problem));
  // Names are one in any case (Consul); the last spelling stays.
  if (existing !== null && existing.Name !== entry.Name) removeRow(sql, existing);
  sql.exec(
    `INSERT INTO config_entries (kind, name, body, create_index, modify_index) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body, modify_index = excluded.modify_index`,
    entry.Kind,
    entry.Name,
    JSON.stringify(entry),
    existing?.CreateIndex ?? index,
    index,
  );
  for (const key of keysOf(entry)) touch(transaction, key);
  linkGateway(transaction, entry);
  return ok(true);
}

/** Deletes an entry; what is not there is deleted already. */
export function configEntryDelete(
  transaction: StateTransaction,
  key: ConfigEntryKey,
  datacenter: string,
): Result<boolean, ServerError> {
  const { sql } = transaction;
  if (entryAt(sql, key.Kind, key.Name) === null) return ok(true);
  const problem = graphProblem(sql, { key, entry: null, datacenter });
  if (problem !== null) return fail(serverError("rejected", problem));
  removeRow(sql, key);
  for (const watched of keysOf(key)) touch(transaction, watched);
  raise(transaction, watchKey("config-entries"));
  raise(transaction, watchKey("config-kind", key.Kind));
  unlinkGateway(transaction, key);
  return ok(true);
}

function removeRow(sql: Sql, key: ConfigEntryKey): void {
  sql.exec("DELETE FROM config_entries WHERE kind = ? AND name = ? COLLATE NOCASE", key.Kind, key.Name);
}

/** One entry; the index of a missing one is that of the last change of any. */
export function getConfigEntry(
  sql: Sql,
  kind: ConfigKind,
  name: string,
): ReadResult<StoredConfigEntry | null> {
  const entry = entryAt(sql, kind, name);
  const index = answerIndex(entry?.ModifyIndex ?? tableIndex(sql));
  return { index, keys: [entryKey(kind, name)], value: entry };
}

/** The entries of a kind by name; "" lists all kinds. */
export function listConfigEntries(sql: Sql, kind: ConfigKind | ""): ReadResult<readonly StoredConfigEntry[]> {
  const value = sql
    .exec("SELECT * FROM config_entries WHERE ? IN ('', kind) ORDER BY kind, lower(name)", kind)
    .map((row) => fromBody<StoredConfigEntry>(row));
  const key = kind === "" ? watchKey("config-entries") : watchKey("config-kind", kind);
  const highest = value.reduce((max, entry) => Math.max(max, entry.ModifyIndex), 0);
  return { index: answerIndex(highest, storedIndex(sql, key)), keys: [key], value };
}

/** The discovery chain of a service; any entry may change it. */
export function discoveryChain(
  sql: Sql,
  asked: {
    readonly service: string;
    readonly datacenter: string;
    readonly trustDomain: string;
    readonly overrides: ChainOverrides;
  },
): ReadResult<Result<DiscoveryChain, ServerError>> {
  const compiled = compileChain(entriesOf(sql, null), asked);
  const value = compiled.ok ? compiled : fail(serverError("rejected", compiled.error));
  return { index: answerIndex(tableIndex(sql)), keys: [watchKey("config-entries")], value };
}

/** The protocol of a service as the entries say. */
export function serviceProtocol(sql: Sql, service: string): string {
  return protocolOf(entriesOf(sql, null), service);
}

function tableIndex(sql: Sql): number {
  const highest = sql.exec("SELECT max(modify_index) AS m FROM config_entries")[0]?.m;
  return Math.max(Number(highest ?? 0), storedIndex(sql, watchKey("config-entries")));
}

function keysOf(key: ConfigEntryKey): readonly string[] {
  return [watchKey("config-entries"), watchKey("config-kind", key.Kind), entryKey(key.Kind, key.Name)];
}

function entryKey(kind: ConfigKind, name: string): string {
  return watchKey("config-entry", `${kind}/${lookupKey(name)}`);
}

function entryAt(sql: Sql, kind: ConfigKind, name: string): StoredConfigEntry | null {
  const row = sql.exec(
    "SELECT * FROM config_entries WHERE kind = ? AND name = ? COLLATE NOCASE",
    kind,
    name,
  )[0];
  return row === undefined ? null : fromBody<StoredConfigEntry>(row);
}

/** The stored entries with a proposed one among them. */
function entriesOf(sql: Sql, proposed: Proposed | null): ChainEntries {
  const at =
    <K extends ConfigKind>(kind: K) =>
    (name: string): ConfigEntryOf<K> | null => {
      const isIt =
        proposed !== null && proposed.key.Kind === kind && lookupKey(proposed.key.Name) === lookupKey(name);
      // The row's kind is the one that was asked for.
      return (isIt ? proposed.entry : entryAt(sql, kind, name)) as ConfigEntryOf<K> | null;
    };
  return {
    router: at("service-router"),
    splitter: at("service-splitter"),
    resolver: at("service-resolver"),
    defaults: at("service-defaults"),
    proxyDefaults: () => at("proxy-defaults")("global"),
  };
}

/** A gateway's name is one gateway's. */
function gatewayNameProblem(sql: Sql, entry: ConfigEntry): string | null {
  const other = {
    "ingress-gateway": "terminating-gateway",
    "terminating-gateway": "ingress-gateway",
  } as const;
  if (entry.Kind !== "ingress-gateway" && entry.Kind !== "terminating-gateway") return null;
  const kind = other[entry.Kind];
  if (entryAt(sql, kind, entry.Name) === null) return null;
  const name = JSON.stringify(entry.Name);
  return `cannot create a "${entry.Kind}" config entry with name ${name}, a "${kind}" config entry with that name already exists`;
}

const noOverrides: ChainOverrides = { protocol: "", meshGatewayMode: "", connectTimeout: "" };

/** What a proposed entry would break: chains of its service and of those that name it, and listeners. */
function graphProblem(sql: Sql, proposed: Proposed): string | null {
  if (proposed.key.Kind === "terminating-gateway") return null;
  const entries = entriesOf(sql, proposed);
  if (proposed.key.Kind !== "ingress-gateway") {
    for (const service of chainsToCheck(sql, proposed)) {
      const chain = compileChain(entries, {
        service,
        datacenter: proposed.datacenter,
        trustDomain: "",
        overrides: noOverrides,
      });
      if (!chain.ok) return chain.error;
    }
  }
  return listenerProblem(sql, entries, proposed);
}

function chainsToCheck(sql: Sql, { key }: Proposed): readonly string[] {
  const others = listConfigEntries(sql, "").value;
  if (key.Kind === "proxy-defaults") {
    const kinds: readonly string[] = ["service-router", "service-splitter", "service-resolver"];
    return [...new Set(others.filter((other) => kinds.includes(other.Kind)).map((other) => other.Name))];
  }
  const related = others.filter(
    (other) =>
      !(other.Kind === key.Kind && other.Name === key.Name) && namedServices(other).includes(key.Name),
  );
  return [...new Set([key.Name, ...related.map((other) => other.Name)])];
}

/** The services that an entry leads to. */
function namedServices(entry: ConfigEntry): readonly string[] {
  const names: (string | undefined)[] = [];
  if (entry.Kind === "service-router")
    names.push(...(entry.Routes ?? []).map((route) => route.Destination?.Service));
  if (entry.Kind === "service-splitter") names.push(...(entry.Splits ?? []).map((split) => split.Service));
  if (entry.Kind === "service-resolver") {
    names.push(entry.Redirect?.Service);
    names.push(...Object.values(entry.Failover ?? {}).map((failover) => failover.Service));
  }
  return names.filter((name): name is string => name !== undefined && name !== "");
}

/** Services behind a listener speak its protocol. */
function listenerProblem(
  sql: Sql,
  entries: ChainEntries,
  { key, entry, datacenter }: Proposed,
): string | null {
  const stored = listConfigEntries(sql, "ingress-gateway").value;
  const gateways = key.Kind === "ingress-gateway" ? (entry === null ? [] : [entry]) : stored;
  for (const gateway of gateways) {
    if (gateway.Kind !== "ingress-gateway") continue;
    for (const listener of gateway.Listeners ?? []) {
      for (const { Name } of listener.Services ?? []) {
        if (Name === "*") continue;
        const chain = compileChain(entries, {
          service: Name,
          datacenter,
          trustDomain: "",
          overrides: noOverrides,
        });
        if (!chain.ok) return chain.error;
        if (chain.value.Protocol === listener.Protocol) continue;
        const [service, own, wanted] = [Name, chain.value.Protocol, listener.Protocol].map((part) =>
          JSON.stringify(part),
        );
        return `service ${service} has protocol ${own}, which does not match defined listener protocol ${wanted}`;
      }
    }
  }
  return null;
}
