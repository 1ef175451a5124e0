// The KV store: reads, and writes that decide first and then do. Called by reads.ts and by the state machine.
// Keys are compared as UTF-8 bytes (SQLite's BINARY collation), which is the order of Go strings.

import { assertNever } from "../base/assert.ts";
import type { U64 } from "../base/brand.ts";
import type { DirEntry, KvOperation, KvWrite } from "../structs/kv.ts";
import { answerIndex, kvTable, kvTableIndex, type StateTransaction, setIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";
import { watchKey, watchPrefix } from "./watch-keys.ts";

export const kvColumns = "key, value, flags, lock_index, session, create_index, modify_index";

const entryStatement = `SELECT ${kvColumns} FROM kv WHERE key = ?`;
const rowStatement = `SELECT ${kvColumns}, fence, expires_at FROM kv WHERE key = ?`;
const putStatement = `INSERT INTO kv (${kvColumns}, fence, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, flags = excluded.flags,
    lock_index = excluded.lock_index, session = excluded.session, modify_index = excluded.modify_index,
    fence = excluded.fence, expires_at = excluded.expires_at`;

/** One key, in one statement if it exists. The index of a missing key is the table's, as Consul has it. */
export function kvGet(sql: Sql, key: string): ReadResult<DirEntry | null> {
  const entry = entryAt(sql, key);
  const index = answerIndex(entry?.ModifyIndex ?? kvTable(sql));
  return { index, keys: [watchKey("kv", key)], value: entry };
}

/** All entries below a prefix, in key order. */
export function kvList(sql: Sql, prefix: string): ReadResult<readonly DirEntry[]> {
  const [where, bindings] = keyRange(prefix);
  const rows = sql.exec(`SELECT ${kvColumns} FROM kv WHERE ${where} ORDER BY key`, ...bindings);
  const entries = rows.map(entryOf);
  const highest = entries.reduce((max, entry) => Math.max(max, entry.ModifyIndex), 0);
  return { index: prefixIndex(sql, prefix, highest), keys: [watchPrefix("kv", prefix)], value: entries };
}

/** Keys below a prefix; with a separator, each cut after the first one behind the prefix, without repeats. */
export function kvListKeys(sql: Sql, prefix: string, separator: string): ReadResult<readonly string[]> {
  const [where, bindings] = keyRange(prefix);
  const rows = sql.exec(`SELECT key, modify_index FROM kv WHERE ${where} ORDER BY key`, ...bindings);
  const keys: string[] = [];
  let highest = 0;
  for (const row of rows) {
    highest = Math.max(highest, Number(row.modify_index));
    const key = String(row.key);
    const at = separator === "" ? -1 : key.indexOf(separator, prefix.length);
    const folded = at < 0 ? key : key.slice(0, at + separator.length);
    if (keys.at(-1) !== folded) keys.push(folded);
  }
  // Who waits for keys hears of their values, too (Consul): the index is that of the values.
  const index = prefixIndex(sql, prefix, highest);
  return { index, indexIsNews: true, keys: [watchPrefix("kv", prefix)], value: keys };
}

/** Performs one operation; false when its condition did not hold and nothing was written. */
export function kvApply(transaction: StateTransaction, operation: KvOperation): boolean {
  switch (operation.verb) {
    case "set":
      kvSet(transaction, operation);
      return true;
    case "cas":
      return kvCompareAndSet(transaction, operation);
    case "delete":
      kvDelete(transaction, operation.key);
      return true;
    case "delete-cas": {
      const existing = entryAt(transaction.sql, operation.key);
      // Consul: deleting what is not there succeeds whatever index was given.
      if (existing === null) return true;
      if (existing.ModifyIndex !== operation.modifyIndex) return false;
      kvDelete(transaction, operation.key);
      return true;
    }
    case "delete-tree":
      kvDeleteTree(transaction, operation.key);
      return true;
    default:
      return assertNever(operation);
  }
}

function kvCompareAndSet(
  transaction: StateTransaction,
  operation: Extract<KvOperation, { verb: "cas" }>,
): boolean {
  const existing = entryAt(transaction.sql, operation.key);
  // An index of 0 asks for creation only; 0 is no entry's ModifyIndex.
  if ((existing?.ModifyIndex ?? 0) !== operation.modifyIndex) return false;
  kvSet(transaction, operation);
  return true;
}

/** Writes a value; an identical one is not written again and moves no index. A holder's session stays. */
export function kvSet(transaction: StateTransaction, write: KvWrite): void {
  // A plain write resets LockIndex, also of a held key (seen in Consul 1.8.7), so it differs if there was one.
  kvPut(transaction, write, rowAt(transaction.sql, write.key), (existing) => ({
    lockIndex: 0,
    session: existing?.entry.Session ?? null,
    fence: existing?.fence ?? 0,
  }));
}

/** An entry and what the API does not show of it. */
export type KvRow = { readonly entry: DirEntry; readonly fence: number; readonly expiresAt: number | null };
export type KvLock = {
  readonly lockIndex: number;
  readonly session: string | null;
  readonly fence: number;
};

/** Writes a key with a lock, unless nothing that the API shows would change. */
export function kvPut(
  transaction: StateTransaction,
  write: KvWrite,
  existing: KvRow | null,
  lockOf: (existing: KvRow | null) => KvLock,
): void {
  const { sql, index } = transaction;
  const lock = lockOf(existing);
  const bytes = write.value === "" ? null : write.value;
  const expiresAt = write.ttlMillis === undefined ? null : transaction.at + write.ttlMillis;
  if (expiresAt !== null) touch(transaction, watchKey("kv-expiry"));
  if (existing !== null && isSame(existing.entry, write.flags, bytes, lock)) {
    // Nobody sees when a key expires, so a later time moves no index and wakes no watcher.
    if (expiresAt === existing.expiresAt) return;
    sql.exec("UPDATE kv SET expires_at = ? WHERE key = ?", expiresAt, write.key);
    return;
  }
  sql.exec(
    putStatement,
    write.key,
    bytes,
    write.flags,
    lock.lockIndex,
    lock.session,
    index,
    index,
    lock.fence,
    expiresAt,
  );
  setIndex(transaction, kvTableIndex);
  touch(transaction, watchKey("kv", write.key));
}

function isSame(entry: DirEntry, flags: U64, bytes: string | null, lock: KvLock): boolean {
  return (
    entry.Value === bytes &&
    entry.Flags === flags &&
    entry.LockIndex === lock.lockIndex &&
    (entry.Session ?? null) === lock.session
  );
}

export function kvDelete(transaction: StateTransaction, key: string): void {
  if (entryAt(transaction.sql, key) === null) return;
  transaction.sql.exec("DELETE FROM kv WHERE key = ?", key);
  bury(transaction, key);
  touch(transaction, watchKey("kv", key));
}

/** One tombstone and one changed key for the whole tree, as in Consul. */
function kvDeleteTree(transaction: StateTransaction, prefix: string): void {
  const [where, bindings] = keyRange(prefix);
  const any = transaction.sql.exec(`SELECT 1 AS found FROM kv WHERE ${where} LIMIT 1`, ...bindings);
  if (any.length === 0) return;
  transaction.sql.exec(`DELETE FROM kv WHERE ${where}`, ...bindings);
  // An older tombstone inside the tree would lower the index of the prefixes that it, but not the tree's, is under.
  transaction.sql.exec(`DELETE FROM tombstones WHERE ${where}`, ...bindings);
  bury(transaction, prefix);
  touch(transaction, watchPrefix("kv", prefix));
}

function bury(transaction: StateTransaction, key: string): void {
  transaction.sql.exec(
    `INSERT INTO tombstones (key, modify_index, buried_at) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET modify_index = excluded.modify_index, buried_at = excluded.buried_at`,
    key,
    transaction.index,
    transaction.at,
  );
  setIndex(transaction, kvTableIndex);
}

/** The highest index of what is, or was, below a prefix; the table's when there was nothing, or all is meant. */
function prefixIndex(sql: Sql, prefix: string, highestEntry: number): number {
  if (prefix === "") return answerIndex(kvTable(sql));
  const [where, bindings] = keyRange(prefix);
  const [row] = sql.exec(`SELECT max(modify_index) AS buried FROM tombstones WHERE ${where}`, ...bindings);
  const below = Math.max(highestEntry, Number(row?.buried ?? 0));
  return answerIndex(below === 0 ? kvTable(sql) : below);
}

/** A prefix as a range of keys: a search in the primary key, which LIKE (case, wildcards, 50 bytes) is not. */
export function keyRange(prefix: string): readonly [string, readonly SqlValue[]] {
  const end = prefixEnd(prefix);
  return end === null ? ["key >= ?", [prefix]] : ["key >= ? AND key < ?", [prefix, end]];
}

/**
 * The first string, in UTF-8 byte order, behind all that begin with the prefix: its last code point plus one.
 * Null when there is none ("" and strings of U+10FFFF).
 */
export function prefixEnd(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10ffff) {
      // UTF-8 has no surrogates: behind U+D7FF comes U+E000.
      const next = last === 0xd7ff ? 0xe000 : last + 1;
      return String.fromCodePoint(...points, next);
    }
  }
  return null;
}

export function entryAt(sql: Sql, key: string): DirEntry | null {
  const row = sql.exec(entryStatement, key)[0];
  return row === undefined ? null : entryOf(row);
}

/** An entry with what the API does not show. */
export function rowAt(sql: Sql, key: string): KvRow | null {
  const row = sql.exec(rowStatement, key)[0];
  if (row === undefined) return null;
  return {
    entry: entryOf(row),
    fence: Number(row.fence ?? 0),
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
  };
}

export function entryOf(row: SqlRow): DirEntry {
  const entry: DirEntry = {
    LockIndex: Number(row.lock_index),
    Key: String(row.key),
    Flags: String(row.flags) as U64,
    Value: row.value === null ? null : String(row.value),
    CreateIndex: Number(row.create_index),
    ModifyIndex: Number(row.modify_index),
  };
  if (typeof row.session !== "string") return entry;
  // Consul shows Session before the indexes.
  const { CreateIndex, ModifyIndex, ...head } = entry;
  return { ...head, Session: row.session, CreateIndex, ModifyIndex };
}
