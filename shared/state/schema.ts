// The tables of the state store, declared once; creation (and later snapshot and restore) follows from this list.
//
// Rows written are what an object is billed for, so: text keys are WITHOUT ROWID (one row a write instead of two),
// there is a secondary index only where a query needs it, and what the API merely shows is one JSON column.
// A column named …_key is the lower-case form by which Consul finds nodes, services and checks.

import { assert } from "../base/assert.ts";
import type { Sql } from "./sql.ts";

export type Table = {
  readonly name: string;
  /** Column name and SQLite type, the primary key first. */
  readonly columns: readonly (readonly [string, "TEXT" | "INTEGER"])[];
  readonly primaryKey: readonly string[];
  /** Index name and what it is on. */
  readonly indexes: readonly (readonly [string, string])[];
};

/** Raised when a table changes its form; a newer version than this program's is refused. */
export const schemaVersion = 1;

const rowIndexes = [
  ["create_index", "INTEGER"],
  ["modify_index", "INTEGER"],
] as const;

export const tables: readonly Table[] = [
  {
    name: "state_version",
    columns: [
      ["id", "INTEGER"],
      ["version", "INTEGER"],
    ],
    primaryKey: ["id"],
    indexes: [],
  },
  {
    // Raft indexes that no row carries any more: of removals, by watch key, and of the kv table as a whole.
    name: "indexes",
    columns: [
      ["name", "TEXT"],
      ["value", "INTEGER"],
    ],
    primaryKey: ["name"],
    indexes: [],
  },
  {
    name: "nodes",
    columns: [["node_key", "TEXT"], ["id_key", "TEXT"], ["body", "TEXT"], ...rowIndexes],
    primaryKey: ["node_key"],
    indexes: [["nodes_by_id", "nodes (id_key) WHERE id_key <> ''"]],
  },
  {
    name: "services",
    columns: [
      ["node_key", "TEXT"],
      ["id_key", "TEXT"],
      ["name_key", "TEXT"],
      ["body", "TEXT"],
      ...rowIndexes,
    ],
    primaryKey: ["node_key", "id_key"],
    indexes: [["services_by_name", "services (name_key)"]],
  },
  {
    // service_key is "" for a check of the node itself.
    name: "checks",
    columns: [
      ["node_key", "TEXT"],
      ["check_key", "TEXT"],
      ["service_key", "TEXT"],
      ["status", "TEXT"],
      ["body", "TEXT"],
      ...rowIndexes,
    ],
    primaryKey: ["node_key", "check_key"],
    indexes: [],
  },
  {
    // value is base64 (NULL when empty), flags a decimal: what DirEntry shows, and safe from rounding.
    name: "kv",
    columns: [
      ["key", "TEXT"],
      ["value", "TEXT"],
      ["flags", "TEXT"],
      ["lock_index", "INTEGER"],
      ["session", "TEXT"],
      ...rowIndexes,
      // The index at which the present or last holder got the lock: its fencing token.
      ["fence", "INTEGER"],
      // Milliseconds of the leader's wall clock; NULL for a key that stays.
      ["expires_at", "INTEGER"],
    ],
    primaryKey: ["key"],
    indexes: [
      ["kv_by_session", "kv (session) WHERE session IS NOT NULL"],
      ["kv_by_expiry", "kv (expires_at) WHERE expires_at IS NOT NULL"],
    ],
  },
  {
    // A user's snapshot on its way back into the state (restore.ts); empty at all other times.
    name: "restore_pieces",
    columns: [
      ["restore_id", "TEXT"],
      ["number", "INTEGER"],
      ["data", "TEXT"],
      ["ends", "INTEGER"],
    ],
    primaryKey: ["restore_id", "number"],
    indexes: [],
  },
  {
    // Of a deleted key, or of the prefix of a deleted tree: what keeps a prefix's index from falling.
    name: "tombstones",
    columns: [
      ["key", "TEXT"],
      ["modify_index", "INTEGER"],
      ["buried_at", "INTEGER"],
    ],
    primaryKey: ["key"],
    indexes: [],
  },
  {
    name: "sessions",
    columns: [["id", "TEXT"], ["node_key", "TEXT"], ["body", "TEXT"], ...rowIndexes],
    primaryKey: ["id"],
    indexes: [["sessions_by_node", "sessions (node_key)"]],
  },
  {
    // Keys that nobody may lock before a time of the leader's wall clock: their holder's session ended, not they.
    name: "lock_delays",
    columns: [
      ["key", "TEXT"],
      ["until", "INTEGER"],
    ],
    primaryKey: ["key"],
    indexes: [],
  },
  {
    // Checks that are reported to the servers (no agent beside the service). Times are of the leader's wall clock:
    // when the next report must have come, NULL once it did not; when the service goes, NULL while it is not critical.
    name: "check_ttls",
    columns: [
      ["node_key", "TEXT"],
      ["check_key", "TEXT"],
      ["ttl", "INTEGER"],
      ["reap_after", "INTEGER"],
      ["due_at", "INTEGER"],
      ["reap_at", "INTEGER"],
    ],
    primaryKey: ["node_key", "check_key"],
    indexes: [],
  },
  {
    // Network coordinates (Vivaldi); segment "" is the default one. A write moves only the row: no index table entry.
    name: "coordinates",
    columns: [
      ["node_key", "TEXT"],
      ["segment", "TEXT"],
      ["body", "TEXT"],
      ["modify_index", "INTEGER"],
    ],
    primaryKey: ["node_key", "segment"],
    indexes: [],
  },
  {
    // What is configured for services, proxies and gateways; the body is what the API shows.
    name: "config_entries",
    columns: [["kind", "TEXT"], ["name", "TEXT"], ["body", "TEXT"], ...rowIndexes],
    primaryKey: ["kind", "name"],
    indexes: [],
  },
  {
    // Services behind gateways; service_key "*" is a wildcard itself, which is not shown.
    name: "gateway_services",
    columns: [["gateway", "TEXT"], ["service_key", "TEXT"], ["body", "TEXT"], ...rowIndexes],
    primaryKey: ["gateway", "service_key"],
    indexes: [],
  },
  {
    // One row: the operators' settings of autopilot.
    name: "autopilot",
    columns: [["id", "INTEGER"], ["body", "TEXT"], ...rowIndexes],
    primaryKey: ["id"],
    indexes: [],
  },
  {
    // The last user events, by Lamport time; fired_at is of the leader's wall clock.
    name: "user_events",
    columns: [
      ["time", "INTEGER"],
      ["id", "TEXT"],
      ["name", "TEXT"],
      ["body", "TEXT"],
      ["fired_at", "INTEGER"],
      ["modify_index", "INTEGER"],
    ],
    primaryKey: ["time"],
    indexes: [],
  },
  {
    // template is 1 for a query that answers to all names that begin like its own; session is "" for most.
    name: "prepared_queries",
    columns: [
      ["id", "TEXT"],
      ["name_key", "TEXT"],
      ["template", "INTEGER"],
      ["session", "TEXT"],
      ["body", "TEXT"],
      ...rowIndexes,
    ],
    primaryKey: ["id"],
    indexes: [],
  },
];

/** Creates what is missing; writes nothing on a store that is complete. Called outside of a transaction, on every start. */
export function createTables(sql: Sql): void {
  for (const table of tables) {
    const columns = table.columns.map(([name, type]) => `${name} ${type}`).join(", ");
    sql.exec(
      `CREATE TABLE IF NOT EXISTS ${table.name} (${columns}, PRIMARY KEY (${table.primaryKey.join(", ")})) WITHOUT ROWID`,
    );
    addMissingColumns(sql, table);
    for (const [name, on] of table.indexes) sql.exec(`CREATE INDEX IF NOT EXISTS ${name} ON ${on}`);
  }
  const found = sql.exec("SELECT version FROM state_version WHERE id = 1")[0];
  if (found === undefined) {
    sql.exec("INSERT INTO state_version (id, version) VALUES (1, ?)", schemaVersion);
    return;
  }
  assert(
    Number(found.version) <= schemaVersion,
    "the state was written by this release or an older one, not by a newer one",
  );
}

/** Columns that a table got in a later release than the one that created it. */
function addMissingColumns(sql: Sql, table: Table): void {
  const [created] = sql.exec("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table.name);
  for (const [name, type] of table.columns) {
    if (new RegExp(`\\b${name} ${type}\\b`).test(String(created?.sql))) continue;
    sql.exec(`ALTER TABLE ${table.name} ADD COLUMN ${name} ${type}`);
  }
}
