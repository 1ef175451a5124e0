// Checks that are reported to the servers, for services without an agent beside them (the Worker's /v1/agent API): how
// long a report lasts stands here, the check itself in the catalog. When it is time is the leader's to see; what happens
// then is decided here, from the proposed time.

import type { Millis } from "../base/brand.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type CheckTtl, expiredOutput } from "../structs/check.ts";
import { checkOfNode, forgetCheckTtl, writeCheck } from "./checks.ts";
import { type StateTransaction, touch } from "./indexes.ts";
import { lookupKey } from "./row-bodies.ts";
import { removeService } from "./services.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

type Operation =
  | ({ readonly verb: "set" } & CheckTtl)
  | ({ readonly verb: "report" } & Report)
  | { readonly verb: "expire"; readonly upTo: Millis };

type Report = {
  readonly node: string;
  readonly checkId: string;
  readonly status: string;
  readonly output: string;
};

/** Performs one operation; a report for a check without a TTL is refused with Consul's text. */
export function checkTtlApply(
  transaction: StateTransaction,
  operation: Operation,
): Result<true, ServerError> {
  if (operation.verb === "expire") expire(transaction, operation.upTo);
  else if (operation.verb === "set") set(transaction, operation);
  else return report(transaction, operation);
  return ok(true);
}

/** When the next check expires or the next service goes; null when nothing waits. */
export function nextCheckTtl(sql: Sql): Millis | null {
  const [row] = sql.exec("SELECT min(due_at) AS due, min(reap_at) AS reap FROM check_ttls");
  const times = [row?.due ?? null, row?.reap ?? null].filter((time) => time !== null).map(Number);
  return times.length === 0 ? null : Math.min(...times);
}

// Registered anew, the time begins anew, also that of a service that is critical from the start.
function set(transaction: StateTransaction, asked: CheckTtl): void {
  const [nodeKey, checkKey] = [lookupKey(asked.node), lookupKey(asked.checkId)];
  touch(transaction, watchKey("check-ttl"));
  if (asked.ttlMillis <= 0) {
    forgetCheckTtl(transaction.sql, nodeKey, checkKey);
    return;
  }
  const reapAfter = asked.deregisterCriticalAfterMillis;
  transaction.sql.exec(
    `INSERT OR REPLACE INTO check_ttls (node_key, check_key, ttl, reap_after, due_at, reap_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    nodeKey,
    checkKey,
    asked.ttlMillis,
    reapAfter,
    transaction.at + asked.ttlMillis,
    reapAfter > 0 ? transaction.at + reapAfter : null,
  );
}

function report(transaction: StateTransaction, report: Report): Result<true, ServerError> {
  const { sql, at } = transaction;
  const [nodeKey, checkKey] = [lookupKey(report.node), lookupKey(report.checkId)];
  const [row] = sql.exec("SELECT * FROM check_ttls WHERE node_key = ? AND check_key = ?", nodeKey, checkKey);
  const check = checkOfNode(sql, nodeKey, report.checkId);
  if (row === undefined || check === null) {
    return fail(serverError("rejected", `CheckID "${report.checkId}" does not have associated TTL`));
  }
  const critical = report.status === "critical";
  const reapAt = Number(row.reap_after) > 0 && critical ? (row.reap_at ?? at + Number(row.reap_after)) : null;
  sql.exec(
    "UPDATE check_ttls SET due_at = ?, reap_at = ? WHERE node_key = ? AND check_key = ?",
    at + Number(row.ttl),
    reapAt,
    nodeKey,
    checkKey,
  );
  writeCheck(transaction, nodeKey, { ...check, Status: report.status, Output: report.output });
  touch(transaction, watchKey("check-ttl"));
  return ok(true);
}

function expire(transaction: StateTransaction, upTo: Millis): void {
  const rows = transaction.sql.exec(
    "SELECT * FROM check_ttls WHERE due_at <= ? OR reap_at <= ? ORDER BY node_key, check_key LIMIT ?",
    upTo,
    upTo,
    limits.expiriesPerEntryMax,
  );
  if (rows.length > 0) touch(transaction, watchKey("check-ttl"));
  for (const row of rows) {
    const [nodeKey, checkKey] = [String(row.node_key), String(row.check_key)];
    const check = checkOfNode(transaction.sql, nodeKey, checkKey);
    if (check === null) {
      forgetCheckTtl(transaction.sql, nodeKey, checkKey);
    } else if (row.reap_at !== null && Number(row.reap_at) <= upTo && check.ServiceID !== "") {
      removeService(transaction, nodeKey, check.ServiceID);
    } else {
      const reapAfter = Number(row.reap_after);
      const reapAt = reapAfter > 0 && check.ServiceID !== "" ? (row.reap_at ?? upTo + reapAfter) : null;
      transaction.sql.exec(
        "UPDATE check_ttls SET due_at = NULL, reap_at = ? WHERE node_key = ? AND check_key = ?",
        reapAt,
        nodeKey,
        checkKey,
      );
      const output = expiredOutput(check.Output);
      writeCheck(transaction, nodeKey, { ...check, Status: "critical", Output: output });
    }
  }
}
