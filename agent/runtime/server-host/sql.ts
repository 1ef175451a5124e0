// The Sql port over node:sqlite. On disk a durable commit is one fsync of the write-ahead log (WAL, synchronous FULL),
// so that nothing is acknowledged before it is durable; a recoverable one (applied entries) is none: the log's frames
// are in order, so a crash loses only what came after the last fsync, and raft's log brings it back. Group commit comes
// from the driver, which gathers a turn's proposals with ports.defer.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Durability, Sql, SqlRow, SqlValue } from "../../../shared/state/sql.ts";

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
  const prepared = new Map<string, Prepared>();
  let inTransaction = false;

  function prepare(text: string): Prepared {
    if (prepared.size >= preparedMax) prepared.clear();
    const made = new Prepared(database.prepare(text));
    prepared.set(text, made);
    return made;
  }

  let current: Durability = "durable";

  /** Single statements outside of a transaction are always durable. */
  function setDurability(wanted: Durability): void {
    if (path === ":memory:" || wanted === current) return;
    // Not prepared: SQLite carries out this pragma while it compiles it.
    database.exec(wanted === "durable" ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    current = wanted;
  }

  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  const mark = database.prepare("SAVEPOINT attempt");
  const keep = database.prepare("RELEASE attempt");
  const undo = database.prepare("ROLLBACK TO attempt");

  return {
    exec: (text: string, ...bindings: readonly SqlValue[]) =>
      (prepared.get(text) ?? prepare(text)).rows(bindings),
    transaction<T>(body: () => T, durability: Durability = "durable"): T {
      if (inTransaction) throw new Error("Sql.transaction does not nest");
      inTransaction = true;
      try {
        setDurability(durability);
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
        setDurability("durable");
      }
    },
    savepoint<T>(body: () => T): T {
      mark.run();
      let done = false;
      try {
        const result = body();
        done = true;
        return result;
      } finally {
        // A disk that fails ends the whole transaction by itself.
        if (database.isTransaction) {
          if (!done) undo.run();
          keep.run();
        }
      }
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** A statement, and the rows that it gives as plain objects: Node's own are dictionaries, slow to make and to read. */
class Prepared {
  readonly #statement: StatementSync;
  #columns: readonly string[] = [];

  constructor(statement: StatementSync) {
    statement.setReturnArrays(true);
    this.#statement = statement;
  }

  rows(bindings: readonly SqlValue[]): readonly SqlRow[] {
    const found = this.#statement.all(...bindings) as unknown as readonly (readonly SqlValue[])[];
    return found.length === 0 ? noRows : found.map((values) => this.#row(values));
  }

  #row(values: readonly SqlValue[]): SqlRow {
    // Asked for with the first row, and again when a table has got a column since.
    if (this.#columns.length !== values.length)
      this.#columns = this.#statement.columns().map(({ name }) => name);
    const row: Record<string, SqlValue> = {};
    for (let at = 0; at < values.length; at++) row[this.#columns[at] as string] = values[at] as SqlValue;
    return row;
  }
}

const noRows: readonly SqlRow[] = [];

/** The lock is held from the first write to the end: a second server on the same directory is refused at its start. */
function prepareDisk(database: DatabaseSync): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("BEGIN IMMEDIATE; COMMIT");
}
