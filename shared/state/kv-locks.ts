// Locks of the KV store (Consul: "KV Store", acquire and release; surface A1 and G5). A lock is a key's session; who
// gets it is decided while applying, from the entry alone, lock delay included.

import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import type { KvLockOperation } from "../structs/kv.ts";
import { parseSessionId } from "../structs/session.ts";
import type { StateTransaction } from "./indexes.ts";
import { kvPut, rowAt } from "./kv.ts";
import { sessionById } from "./sessions.ts";
import type { Sql } from "./sql.ts";

/**
 * Takes the lock of a key and writes it: the fencing token, or 0 when another session holds it or the last holder's
 * lock delay is not over. The token grows with every new holder of a key and stays while it holds.
 */
export function kvAcquire(
  transaction: StateTransaction,
  operation: KvLockOperation,
): Result<number, ServerError> {
  // Consul looks at the delay first: within it, nobody hears that the session is unknown.
  if (isDelayed(transaction.sql, operation.key, transaction.at)) return ok(0);
  return kvLock(transaction, operation);
}

/** The same without regard to lock delay, which a transaction has looked at before its first operation. */
export function kvLock(
  transaction: StateTransaction,
  operation: KvLockOperation,
): Result<number, ServerError> {
  if (operation.session === "") return fail(serverError("rejected", "missing session"));
  const id = parseSessionId(operation.session);
  if (!id.ok) return fail(serverError("rejected", id.error));
  if (sessionById(transaction.sql, id.value) === null) {
    return fail(serverError("rejected", `invalid session "${operation.session}"`));
  }
  const existing = rowAt(transaction.sql, operation.key);
  const holder = existing?.entry.Session;
  if (holder !== undefined && holder !== id.value) return ok(0);
  const isFresh = holder === undefined;
  const fence = isFresh ? transaction.index : (existing?.fence ?? 0);
  const lockIndex = (existing?.entry.LockIndex ?? 0) + (isFresh ? 1 : 0);
  kvPut(transaction, operation, existing, () => ({ lockIndex, session: id.value, fence }));
  if (isFresh) transaction.sql.exec("DELETE FROM lock_delays WHERE key = ?", operation.key);
  return ok(fence);
}

/** Gives back a lock and writes the key; false when that session does not hold it. */
export function kvRelease(
  transaction: StateTransaction,
  operation: KvLockOperation,
): Result<boolean, ServerError> {
  if (operation.session === "") return fail(serverError("rejected", "missing session"));
  const existing = rowAt(transaction.sql, operation.key);
  const holder = existing?.entry.Session;
  if (existing === null || holder === undefined || holder !== operation.session.toLowerCase()) {
    return ok(false);
  }
  const { LockIndex } = existing.entry;
  kvPut(transaction, operation, existing, () => ({
    lockIndex: LockIndex,
    session: null,
    fence: existing.fence,
  }));
  return ok(true);
}

/** Whether a key may not be locked yet. */
export function isDelayed(sql: Sql, key: string, now: number): boolean {
  const [row] = sql.exec("SELECT until FROM lock_delays WHERE key = ?", key);
  return row !== undefined && Number(row.until) > now;
}
