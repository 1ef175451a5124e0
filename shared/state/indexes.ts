// What applying one log entry carries along, and the raft indexes by which blocking queries compare answers.
//
// The index of an answer is the highest of: ModifyIndex of the rows it was made from; and, for rows that are gone,
// the index stored under the watch keys it depends on. So a change costs no index row, only a removal does.
// Invariant: whatever raises the index of an answer also yields a changed key that its watch keys match, except the
// fall-back indexes of things that do not exist (Consul: table index, last extinction), which may rise unnoticed.

import type { Millis } from "../base/brand.ts";
import type { Sql } from "./sql.ts";

/** One log entry being applied: its index, and the watch keys it has changed so far. */
export type StateTransaction = {
  readonly sql: Sql;
  readonly index: number;
  /** The leader's wall clock when it proposed the entry; the only time that applying it may know. */
  readonly at: Millis;
  readonly changed: Set<string>;
  /** Stored already by this entry: removing many checks of a node writes the node's index once. */
  readonly raised: Set<string>;
};

/** Starts one entry. */
export function stateTransaction(sql: Sql, index: number, at: Millis = 0): StateTransaction {
  return { sql, index, at, changed: new Set(), raised: new Set() };
}

/** The statements by which single rows of `indexes` change and are read; held-indexes.ts knows them. */
export const writeIndexStatement =
  "INSERT INTO indexes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
export const dropIndexStatement = "DELETE FROM indexes WHERE name = ?";
export const readIndexStatement = "SELECT value FROM indexes WHERE name = ?";
export const storedIndexOpening = "SELECT max(value) AS value FROM indexes WHERE name IN (";

/** Index of the kv table with its tombstones: of a key or a prefix that does not exist. */
export const kvTableIndex = "kv-table";
/** When the last instance of some service went: the index of a service that does not exist. */
export const serviceExtinctionIndex = "service-extinction";

/** Something under `watchKey` changed, and a row with the new ModifyIndex shows it. */
export function touch(transaction: StateTransaction, watchKey: string): void {
  transaction.changed.add(watchKey);
}

/** Something under `watchKey` is gone: the index must rise without a row that carries it. */
export function raise(transaction: StateTransaction, watchKey: string): void {
  setIndex(transaction, watchKey);
  transaction.changed.add(watchKey);
}

/** Stores the entry's index under a name. */
export function setIndex(transaction: StateTransaction, name: string): void {
  if (transaction.raised.has(name)) return;
  transaction.raised.add(name);
  transaction.sql.exec(writeIndexStatement, name, transaction.index);
}

/** Forgets the index of a thing that no longer exists, so that names that come and go leave nothing behind. */
export function dropIndex(transaction: StateTransaction, watchKey: string): void {
  transaction.sql.exec(dropIndexStatement, watchKey);
  transaction.raised.delete(watchKey);
  transaction.changed.add(watchKey);
}

/** The highest index stored under these names; 0 when there is none. */
export function storedIndex(sql: Sql, ...names: readonly string[]): number {
  const places = names.map(() => "?").join(", ");
  const rows = sql.exec(`${storedIndexOpening}${places})`, ...names);
  return Number(rows[0]?.value ?? 0);
}

/** The index of the kv table with its tombstones; 0 while nothing was ever written. */
export function kvTable(sql: Sql): number {
  const [row] = sql.exec(readIndexStatement, kvTableIndex);
  return Number(row?.value ?? 0);
}

/** What an answer says: never 0, which would ask a client to start over without blocking. */
export function answerIndex(...indexes: readonly number[]): number {
  return Math.max(1, ...indexes);
}
