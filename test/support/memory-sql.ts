// The Sql port on an in-memory SQLite, for tests: as strict about bindings as a Durable Object is.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../shared/state/sql.ts";

/**
 * Sql that also counts, so that a test can hold a query to a constant number of statements, and a command to a number
 * of table rows written (without those of secondary indexes, which are billed as well).
 */
export type MemorySql = Sql & { statements(): number; rowsWritten(): number; close(): void };

export function memorySql(): MemorySql {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  let statements = 0;
  let inTransaction = false;

  return {
    exec(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
      statements++;
      for (const value of bindings) checkBinding(value);
      let compiled = prepared.get(statement);
      if (compiled === undefined) {
        compiled = database.prepare(statement);
        prepared.set(statement, compiled);
      }
      return compiled.all(...bindings).map((row) => ({ ...row }) as SqlRow);
    },

    transaction<T>(body: () => T): T {
      if (inTransaction) throw new Error("Sql.transaction does not nest");
      inTransaction = true;
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = body();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      } finally {
        inTransaction = false;
      }
    },

    savepoint<T>(body: () => T): T {
      if (!inTransaction) throw new Error("Sql.savepoint needs a transaction");
      database.exec("SAVEPOINT attempt");
      try {
        return body();
      } catch (error) {
        database.exec("ROLLBACK TO attempt");
        throw error;
      } finally {
        database.exec("RELEASE attempt");
      }
    },

    statements: () => statements,
    rowsWritten: () => Number(database.prepare("SELECT total_changes() AS n").get()?.n),
    close: () => database.close(),
  };
}

/** A Durable Object turns a boolean into text and throws on a BigInt: find that here, not there. */
function checkBinding(value: unknown): void {
  if (value === null || typeof value === "string" || value instanceof Uint8Array) return;
  if (typeof value === "number" && (!Number.isInteger(value) || Number.isSafeInteger(value))) return;
  throw new Error(`a Durable Object cannot bind this value: ${typeof value} ${String(value)}`);
}
