// A server's disk in the simulator: SQLite in memory that outlives the server's instances, and that can be told to
// fail at its nth statement from now, which is how a crash in the middle of a step looks.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../shared/state/sql.ts";

export class SimulatedCrash extends Error {}

export type SimulatedDisk = {
  readonly sql: Sql;
  /** For checkers: looks without counting towards a crash. */
  inspect(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** The nth statement from now throws; the transaction around it is rolled back. Null: no more. */
  crashAfter(statements: number | null): void;
  close(): void;
};

/** An empty disk. */
export function simulatedDisk(): SimulatedDisk {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  let left: number | null = null;

  const count = (): void => {
    if (left === null) return;
    left -= 1;
    if (left <= 0) throw new SimulatedCrash("the disk crashed");
  };
  const inspect = (statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] => {
    let compiled = prepared.get(statement);
    if (compiled === undefined) {
      compiled = database.prepare(statement);
      prepared.set(statement, compiled);
    }
    return compiled.all(...bindings).map((row) => ({ ...row }) as SqlRow);
  };
  const sql: Sql = {
    exec(statement, ...bindings) {
      count();
      return inspect(statement, ...bindings);
    },
    transaction<T>(body: () => T): T {
      database.exec("BEGIN");
      try {
        const result = body();
        count();
        database.exec("COMMIT");
        // A crash right after the commit: durable, but nobody learns of it.
        count();
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },
  };
  return {
    sql,
    inspect,
    crashAfter(statements) {
      left = statements;
    },
    close: () => database.close(),
  };
}
