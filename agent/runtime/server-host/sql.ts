// The Sql port over node:sqlite. On disk a commit is a fsync (WAL, synchronous FULL), so that nothing is acknowledged
// before it is durable; group commit comes from the driver, which gathers a turn's proposals with ports.defer.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../../shared/state/sql.ts";

export type HostSql = Sql & { close(): void };

/** The code's statements are few and constant; a bound keeps a mistake from growing without end. */
const preparedMax = 1_000;

/** Opens `path`, or a database in memory for ":memory:"; throws what SQLite says when it cannot. */
export function openSql(path: string): HostSql {
  const database = new DatabaseSync(path);
  if (path !== ":memory:") {
    try {
      prepareDisk(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }
  const prepared = new Map<string, StatementSync>();
  let inTransaction = false;

  function statementOf(text: string): StatementSync {
    let statement = prepared.get(text);
    if (statement === undefined) {
      if (prepared.size >= preparedMax) prepared.clear();
      statement = database.prepare(text);
      prepared.set(text, statement);
    }
    return statement;
  }

  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");

  return {
    exec: (text: string, ...bindings: readonly SqlValue[]) =>
      statementOf(text).all(...bindings) as unknown as readonly SqlRow[],
    transaction<T>(body: () => T): T {
      if (inTransaction) throw new Error("Sql.transaction does not nest");
      inTransaction = true;
      try {
        begin.run();
        const result = body();
        commit.run();
        return result;
      } catch (error) {
        // A COMMIT that failed (disk full) leaves the transaction open, another error may have ended it already.
        if (database.isTransaction) rollback.run();
        throw error;
      } finally {
        inTransaction = false;
      }
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** The lock is held from the first write to the end: a second server on the same directory is refused at its start. */
function prepareDisk(database: DatabaseSync): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("BEGIN IMMEDIATE; COMMIT");
}
