// The state machine: applies one log entry to the tables. Deterministic: ids, times and choices are in the command.
// Called by the raft driver inside its transaction, entry by entry, in order.

import { assertNever } from "../base/assert.ts";
import { ok, type Result } from "../base/result.ts";
import type { ServerError } from "../errors.ts";
import { autopilotSet } from "../state/autopilot.ts";
import { deregister, register } from "../state/catalog.ts";
import { configEntryDelete, configEntrySet } from "../state/config-entries.ts";
import { checkTtlApply } from "../state/check-ttl.ts";
import { coordinatesUpdate } from "../state/coordinates.ts";
import { type StateTransaction, stateTransaction } from "../state/indexes.ts";
import { kvExpire, kvReapTombstones } from "../state/expiry.ts";
import { kvApply } from "../state/kv.ts";
import { kvAcquire, kvRelease } from "../state/kv-locks.ts";
import { sessionCreate, sessionDestroy } from "../state/sessions.ts";
import { preparedQueryApply } from "../state/prepared-queries.ts";
import { applyTxn } from "../state/txn.ts";
import { commitRestore, logOffset, stagePiece } from "../state/restore.ts";
import type { Sql } from "../state/sql.ts";
import { userEventFire } from "../state/user-events.ts";
import { decodeEntry } from "./codec.ts";
import type { Command, SessionCommand } from "./types.ts";

export { encodeCommand } from "./codec.ts";

export type AppliedCommand = {
  /** What the proposer is told. */
  readonly result: Result<unknown, ServerError>;
  /** Watch keys (shared/state/watch-keys.ts) of what changed; empty when nothing did. */
  readonly changed: readonly string[];
};

/**
 * A refused command writes nothing; a command that cannot be read throws, and the server must stop. "" is the entry of
 * a new leader and does nothing.
 */
export function applyCommand(sql: Sql, index: number, command: string): AppliedCommand {
  if (command === "") return { result: ok(null), changed: [] };
  const entry = decodeEntry(command);
  const transaction = stateTransaction(sql, index + logOffset(sql), entry.at);
  const result = perform(transaction, entry.command);
  return { result, changed: [...transaction.changed] };
}

function perform(transaction: StateTransaction, command: Command): Result<unknown, ServerError> {
  switch (command.kind) {
    case "register":
      return register(transaction, command.registration);
    case "deregister":
      return deregister(transaction, command.deregistration);
    case "kv":
      return ok(kvApply(transaction, command.operation));
    case "reapTombstones":
      kvReapTombstones(transaction, command.upTo);
      return ok(true);
    case "kvLock":
      return command.operation.verb === "acquire"
        ? kvAcquire(transaction, command.operation)
        : kvRelease(transaction, command.operation);
    case "session":
      return applySession(transaction, command.operation);
    case "txn":
      return ok(applyTxn(transaction, command.operations));
    case "expireKeys":
      return ok(kvExpire(transaction, command.upTo));
    case "preparedQuery":
      return preparedQueryApply(transaction, command.operation, command.query);
    case "configEntry": {
      const { operation, entry, modifyIndex, datacenter } = command;
      if (operation === "delete") return configEntryDelete(transaction, entry, datacenter);
      return configEntrySet(transaction, entry, operation === "cas" ? modifyIndex : null, datacenter);
    }
    case "checkTtl":
      return checkTtlApply(transaction, command.operation);
    case "coordinates":
      coordinatesUpdate(transaction, command.updates);
      return ok(true);
    case "userEvent":
      return ok(userEventFire(transaction, command.event));
    case "autopilot":
      return ok(autopilotSet(transaction, command));
    case "restorePiece":
      return stagePiece(transaction, command.piece);
    case "restoreCommit":
      return commitRestore(transaction, command.commit);
    default:
      return assertNever(command);
  }
}

function applySession(transaction: StateTransaction, operation: SessionCommand): Result<string, ServerError> {
  if (operation.verb === "create") return sessionCreate(transaction, operation.id, operation.session);
  sessionDestroy(transaction, operation.id);
  return ok(operation.id);
}
