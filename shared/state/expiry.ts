// What goes by itself: keys whose time is over, tombstones and lock delays that nobody needs any more. When it is time
// is the leader's to see; what goes is decided here, from the proposed time or index.

import type { Millis } from "../base/brand.ts";
import { limits } from "../limits.ts";
import type { StateTransaction } from "./indexes.ts";
import { kvDelete } from "./kv.ts";
import type { Sql } from "./sql.ts";

/** When the next key expires; null when none does. */
export function nextExpiry(sql: Sql): Millis | null {
  const [row] = sql.exec("SELECT min(expires_at) AS at FROM kv WHERE expires_at IS NOT NULL");
  return row === undefined || row.at === null ? null : Number(row.at);
}

/** Deletes keys whose time came, earliest first, as many as one entry may; returns how many. */
export function kvExpire(transaction: StateTransaction, upTo: Millis): number {
  const due = transaction.sql.exec(
    "SELECT key FROM kv WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at, key LIMIT ?",
    upTo,
    limits.expiriesPerEntryMax,
  );
  for (const row of due) kvDelete(transaction, String(row.key));
  return due.length;
}

/** The oldest thing that may be reaped, by the time it was made; null when there is none. */
export function oldestReapable(sql: Sql): Millis | null {
  const [row] = sql.exec(
    `SELECT min(at) AS at FROM (SELECT min(buried_at) AS at FROM tombstones
                                UNION ALL SELECT min(until) AS at FROM lock_delays)`,
  );
  return row === undefined || row.at === null ? null : Number(row.at);
}

/** The highest index among tombstones that were made before a time; 0 when there is none. */
export function reapableIndex(sql: Sql, before: Millis): number {
  const [row] = sql.exec(
    "SELECT max(modify_index) AS upTo FROM tombstones WHERE coalesce(buried_at, 0) <= ?",
    before,
  );
  return Number(row?.upTo ?? 0);
}

/** Removes tombstones of deletions up to an index, and lock delays that are over by the time of the entry. */
export function kvReapTombstones(transaction: StateTransaction, upTo: number): void {
  transaction.sql.exec("DELETE FROM tombstones WHERE modify_index <= ?", upTo);
  transaction.sql.exec("DELETE FROM lock_delays WHERE until <= ?", transaction.at);
}
