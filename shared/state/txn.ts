// A transaction: its operations one after the other, each seeing what those before it did, and all of it undone when
// one fails. Every failing operation is reported. Texts are Consul 1.8.7's.

import { assert, assertNever } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { errorMessage } from "../errors.ts";
import type { DirEntry } from "../structs/kv.ts";
import {
  isWriteTxn,
  type TxnAnswer,
  type TxnError,
  type TxnKvOperation,
  type TxnOperation,
  type TxnResult,
} from "../structs/txn.ts";
import { type StateTransaction, stateTransaction } from "./indexes.ts";
import { entryAt, kvApply, kvList } from "./kv.ts";
import { isDelayed, kvLock, kvRelease } from "./kv-locks.ts";
import type { ReadResult } from "./reads.ts";
import type { Sql } from "./sql.ts";
import { performCheck, performNode, performService, refuseNode, refuseService } from "./txn-catalog.ts";

/** What one operation adds to the results, or why it failed. */
export type Performed = Result<readonly TxnResult[], string>;

/** Applies a transaction that writes. Refused, it leaves nothing behind. */
export function applyTxn(transaction: StateTransaction, operations: readonly TxnOperation[]): TxnAnswer {
  const refused = refusals(transaction, operations);
  if (refused.length > 0) return failed(refused);
  // What an operation changed counts only when all of them succeed.
  const attempt: StateTransaction = {
    ...transaction,
    changed: new Set(),
    raised: new Set(transaction.raised),
  };
  let answer: TxnAnswer | null = null;
  try {
    transaction.sql.savepoint(() => {
      answer = performAll(attempt, operations);
      if (answer.Errors !== null) throw new Undo();
    });
  } catch (error) {
    // Some hosts hand on another error than the one that was thrown.
    if (answer === null) throw error;
    return answer;
  }
  for (const key of attempt.changed) transaction.changed.add(key);
  for (const name of attempt.raised) transaction.raised.add(name);
  assert(answer !== null, "a transaction that was not undone has an answer");
  return answer;
}

/** Makes the savepoint undo what it holds. */
class Undo extends Error {}

/** Answers a transaction that only reads. It never blocks, so it watches nothing. */
export function readTxn(sql: Sql, operations: readonly TxnOperation[]): ReadResult<TxnAnswer> {
  // Nothing here writes: a verb that would is an error of the request's shape.
  const transaction = stateTransaction(sql, 0);
  const refused = isWriteTxn(operations)
    ? [{ OpIndex: 0, What: "a transaction that writes was sent as one that reads" }]
    : refusals(transaction, operations);
  const value = refused.length > 0 ? failed(refused) : performAll(transaction, operations);
  return { index: 1, keys: [], value };
}

function failed(errors: readonly TxnError[]): TxnAnswer {
  return { Results: null, Errors: errors, fencing: [] };
}

/** What is wrong before anything is done; then nothing else is looked at (Consul checks these on the leader). */
function refusals(transaction: StateTransaction, operations: readonly TxnOperation[]): readonly TxnError[] {
  return operations.flatMap((operation, OpIndex) => {
    const What = refusal(transaction, operation);
    return What === null ? [] : [{ OpIndex, What }];
  });
}

function refusal(transaction: StateTransaction, operation: TxnOperation): string | null {
  switch (operation.type) {
    case "KV":
      if (operation.key === "" && operation.verb !== "delete-tree") return "Must provide key";
      return operation.verb === "lock" && isDelayed(transaction.sql, operation.key, transaction.at)
        ? `failed to lock key "${operation.key}" due to lock delay`
        : null;
    case "Node":
      return refuseNode(operation);
    case "Service":
      return refuseService(operation);
    case "Check":
      return null;
    default:
      return assertNever(operation);
  }
}

function performAll(transaction: StateTransaction, operations: readonly TxnOperation[]): TxnAnswer {
  const results: TxnResult[] = [];
  const errors: TxnError[] = [];
  const fencing: number[] = [];
  for (const [OpIndex, operation] of operations.entries()) {
    const performed = perform(transaction, operation, fencing);
    if (performed.ok) results.push(...performed.value);
    else errors.push({ OpIndex, What: performed.error });
  }
  return errors.length > 0 ? failed(errors) : { Results: results, Errors: null, fencing };
}

function perform(transaction: StateTransaction, operation: TxnOperation, fencing: number[]): Performed {
  switch (operation.type) {
    case "KV":
      return performKv(transaction, operation, fencing);
    case "Node":
      return performNode(transaction, operation);
    case "Service":
      return performService(transaction, operation);
    case "Check":
      return performCheck(transaction, operation);
    default:
      return assertNever(operation);
  }
}

function performKv(transaction: StateTransaction, operation: TxnKvOperation, fencing: number[]): Performed {
  const { verb, key, value, flags, index } = operation;
  const { sql } = transaction;
  /** The entry as it is now, without its value. */
  const written = (): Performed => ok(withoutValue(entryAt(sql, key)));
  switch (verb) {
    case "set":
      kvApply(transaction, { verb, key, value, flags });
      return written();
    case "cas":
      return kvApply(transaction, { verb, key, value, flags, modifyIndex: index })
        ? written()
        : fail(`failed to set key "${key}", index is stale`);
    case "lock": {
      const locked = kvLock(transaction, { verb: "acquire", key, value, flags, session: operation.session });
      if (!locked.ok) return fail(errorMessage(locked.error));
      if (locked.value === 0) return fail(`failed to lock key "${key}", lock is already held`);
      fencing.push(locked.value);
      return written();
    }
    case "unlock": {
      const released = kvRelease(transaction, {
        verb: "release",
        key,
        value,
        flags,
        session: operation.session,
      });
      if (!released.ok) return fail(errorMessage(released.error));
      return released.value
        ? written()
        : fail(`failed to unlock key "${key}", lock isn't held, or is held by another session`);
    }
    case "delete":
    case "delete-tree":
      kvApply(transaction, { verb, key });
      return ok([]);
    case "delete-cas":
      return kvApply(transaction, { verb, key, modifyIndex: index })
        ? ok([])
        : fail(`failed to delete key "${key}", index is stale`);
    default:
      return readKv(sql, operation);
  }
}

function readKv(sql: Sql, operation: TxnKvOperation): Performed {
  const { verb, key, index, session } = operation;
  if (verb === "get-tree") return ok(kvList(sql, key).value.map((entry) => ({ KV: entry })));
  const entry = entryAt(sql, key);
  switch (verb) {
    case "get":
      return entry === null ? fail(`key "${key}" doesn't exist`) : ok([{ KV: entry }]);
    case "get-or-empty":
      return ok([{ KV: entry ?? emptyEntry(operation) }]);
    case "check-index":
      if (entry === null) return fail(`failed to check index, key "${key}" doesn't exist`);
      return entry.ModifyIndex === index
        ? ok(withoutValue(entry))
        : fail(`failed index check for key "${key}", current modify index ${entry.ModifyIndex} != ${index}`);
    case "check-session": {
      if (entry === null) return fail(`failed to check session, key "${key}" doesn't exist`);
      const holder = entry.Session ?? "";
      return holder === session
        ? ok(withoutValue(entry))
        : fail(`failed session check for key "${key}", current session "${holder}" != "${session}"`);
    }
    case "check-not-exists":
      return entry === null ? ok([]) : fail(`key "${key}" exists`);
    default:
      return fail(`unknown KV verb "${verb}"`);
  }
}

/** Newer than 1.8: what "get" would show of a key without value, flags and history. */
function emptyEntry({ key }: TxnKvOperation): DirEntry {
  return { LockIndex: 0, Key: key, Flags: zero, Value: null, CreateIndex: 0, ModifyIndex: 0 };
}

const zero = "0" as DirEntry["Flags"];

function withoutValue(entry: DirEntry | null): readonly TxnResult[] {
  return entry === null ? [] : [{ KV: { ...entry, Value: null } }];
}
