// Rows of sessions: creating, ending, reading. A session ends with its node, with a check that turns critical or goes,
// by request, or by its TTL (which the leader decides and proposes); its locks end with it. Texts are Consul 1.8.7's.

import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { checksOfSession, parseSessionId, type Session, type SessionRequest } from "../structs/session.ts";
import { checkOfNode } from "./checks.ts";
import {
  answerIndex,
  dropIndex,
  kvTableIndex,
  raise,
  type StateTransaction,
  setIndex,
  storedIndex,
  touch,
} from "./indexes.ts";
import { kvDelete } from "./kv.ts";
import { nodeByName } from "./nodes.ts";
import { removeQueriesOfSession } from "./prepared-queries.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey } from "./row-bodies.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** By canonical id. */
export function sessionById(sql: Sql, id: string): Session | null {
  const row = sql.exec("SELECT * FROM sessions WHERE id = ?", id)[0];
  return row === undefined ? null : fromBody<Session>(row);
}

/** One session as a list of at most one; the index of a missing one is the table's. */
export function sessionGet(sql: Sql, id: string): ReadResult<readonly Session[]> {
  const canonical = parseSessionId(id);
  const keyOf = canonical.ok ? canonical.value : id;
  const session = canonical.ok ? sessionById(sql, canonical.value) : null;
  return {
    index: answerIndex(session?.ModifyIndex ?? tableIndex(sql)),
    keys: [watchKey("session", keyOf)],
    value: session === null ? [] : [session],
  };
}

/** All sessions by id. */
export function sessionList(sql: Sql): ReadResult<readonly Session[]> {
  const value = sql.exec("SELECT * FROM sessions ORDER BY id").map((row) => fromBody<Session>(row));
  return { index: answerIndex(tableIndex(sql)), keys: [watchKey("sessions")], value };
}

/** The sessions of one node by id. */
export function nodeSessions(sql: Sql, node: string): ReadResult<readonly Session[]> {
  const nodeKey = lookupKey(node);
  const value = sessionsOfNode(sql, nodeKey);
  const key = watchKey("node-sessions", nodeKey);
  const highest = value.reduce((max, session) => Math.max(max, session.ModifyIndex), storedIndex(sql, key));
  return { index: answerIndex(highest === 0 ? tableIndex(sql) : highest), keys: [key], value };
}

/** Creates a session; refused without its node and checks, or when one of those is critical. */
export function sessionCreate(
  transaction: StateTransaction,
  id: string,
  request: SessionRequest,
): Result<string, ServerError> {
  const { sql, index } = transaction;
  if (nodeByName(sql, request.Node) === null) {
    return fail(serverError("rejected", "Missing node registration"));
  }
  const nodeKey = lookupKey(request.Node);
  for (const checkId of checksOfSession(request)) {
    const check = checkOfNode(sql, nodeKey, checkId);
    if (check === null) return fail(serverError("rejected", `Missing check '${checkId}' registration`));
    if (check.Status === "critical") {
      return fail(serverError("rejected", `Check '${checkId}' is in critical state`));
    }
  }
  sql.exec(
    "INSERT INTO sessions (id, node_key, body, create_index, modify_index) VALUES (?, ?, ?, ?, ?)",
    id,
    nodeKey,
    JSON.stringify({ ID: id, ...request }),
    index,
    index,
  );
  touch(transaction, watchKey("session", id));
  touch(transaction, watchKey("sessions"));
  touch(transaction, watchKey("node-sessions", nodeKey));
  return ok(id);
}

/** Ends a session; one that does not exist has ended already. */
export function sessionDestroy(transaction: StateTransaction, id: string): void {
  const session = sessionById(transaction.sql, id);
  if (session !== null) endSession(transaction, session);
}

/** Ends the sessions of a node that is removed. */
export function endSessionsOfNode(transaction: StateTransaction, nodeKey: string): void {
  for (const session of sessionsOfNode(transaction.sql, nodeKey)) endSession(transaction, session);
  if (storedIndex(transaction.sql, watchKey("node-sessions", nodeKey)) > 0) {
    dropIndex(transaction, watchKey("node-sessions", nodeKey));
  }
}

/** Ends the sessions that depend on a check, which turned critical or was removed. */
export function endSessionsOfCheck(transaction: StateTransaction, nodeKey: string, checkId: string): void {
  const key = lookupKey(checkId);
  for (const session of sessionsOfNode(transaction.sql, nodeKey)) {
    if (checksOfSession(session).some((id) => lookupKey(id) === key)) endSession(transaction, session);
  }
}

function endSession(transaction: StateTransaction, session: Session): void {
  const { sql } = transaction;
  sql.exec("DELETE FROM sessions WHERE id = ?", session.ID);
  touch(transaction, watchKey("session", session.ID));
  raise(transaction, watchKey("sessions"));
  raise(transaction, watchKey("node-sessions", lookupKey(session.Node)));
  const held = sql
    .exec("SELECT key FROM kv WHERE session = ? ORDER BY key", session.ID)
    .map((row) => String(row.key));
  for (const key of held) {
    if (session.Behavior === "delete") kvDelete(transaction, key);
    else releaseKey(transaction, key);
    delayLock(transaction, key, session.LockDelay);
  }
  removeQueriesOfSession(transaction, session.ID);
}

function releaseKey(transaction: StateTransaction, key: string): void {
  transaction.sql.exec(
    "UPDATE kv SET session = NULL, modify_index = ? WHERE key = ?",
    transaction.index,
    key,
  );
  setIndex(transaction, kvTableIndex);
  touch(transaction, watchKey("kv", key));
}

/**
 * Consul keeps lock delays in the leader's memory and loses them with it; here they are rows, so that a new leader
 * refuses the lock as well. The time counts from the proposal that ended the session, by that leader's clock.
 */
function delayLock(transaction: StateTransaction, key: string, nanos: number): void {
  if (nanos <= 0) return;
  transaction.sql.exec(
    `INSERT INTO lock_delays (key, until) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET until = max(until, excluded.until)`,
    key,
    Math.ceil(transaction.at + nanos / 1e6),
  );
}

function sessionsOfNode(sql: Sql, nodeKey: string): readonly Session[] {
  return sql
    .exec("SELECT * FROM sessions WHERE node_key = ? ORDER BY id", nodeKey)
    .map((row) => fromBody<Session>(row));
}

function tableIndex(sql: Sql): number {
  const [row] = sql.exec("SELECT max(modify_index) AS highest FROM sessions");
  return Math.max(Number(row?.highest ?? 0), storedIndex(sql, watchKey("sessions")));
}
