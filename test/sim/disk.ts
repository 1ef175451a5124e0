// A server's disk: SQLite in memory that outlives the server's instances. With a gate it is like a Durable Object's:
// a transaction is not durable when it returns, and what the server says waits until it is (slowly, sometimes). A crash
// loses what was not flushed, except, perhaps, the first of it. Without a gate a commit is durable when it returns,
// unless it was said to be recoverable.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../shared/state/sql.ts";
import type { Dice, SimulatedClock } from "./clock.ts";

/** The power went: the instance is gone in the middle of a step. */
export class SimulatedCrash extends Error {}
/** The disk refuses: the instance lives, and must not trust itself. */
export class DiskError extends Error {}

export type DiskProfile = {
  readonly gated: boolean;
  readonly flushMillisMax: number;
  /** How often a flush takes seconds. */
  readonly slowness: number;
};

export type SimulatedDisk = {
  readonly sql: Sql;
  /** Says something once all that was written before is durable; never, if that is lost or the power goes first. */
  gate(output: () => void): void;
  /** For checkers: notes something once all that was written before is durable, also when the power went meanwhile. */
  record(note: () => void): void;
  /** The same for what is just about to be written: once the next transaction is durable, too. */
  recordNext(note: () => void): void;
  /** For checkers: looks without counting towards a failure. */
  inspect(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** The power goes; true when something was lost. What waits at the gate is never said. */
  crash(): boolean;
  /** The nth statement from now fails, with a crash or an error; null: none does. */
  failAfter(statements: number | null, how?: "crash" | "error"): void;
  /** The database as it is, for an older instance to read. */
  copy(): ReadOnlyCopy;
  close(): void;
};

export type ReadOnlyCopy = {
  exec(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
} & {
  close(): void;
};

type Database = {
  readonly all: (statement: string, ...bindings: readonly SqlValue[]) => readonly SqlRow[];
  readonly database: DatabaseSync;
};

function openDatabase(): Database {
  const database = new DatabaseSync(":memory:");
  const prepared = new Map<string, StatementSync>();
  return {
    database,
    all(statement, ...bindings) {
      let compiled = prepared.get(statement);
      if (compiled === undefined) {
        compiled = database.prepare(statement);
        prepared.set(statement, compiled);
      }
      return compiled.all(...bindings) as unknown as readonly SqlRow[];
    },
  };
}

/** What waits until the first `after` of the pending transactions are durable. */
type Held = { readonly after: number; readonly run: () => void; readonly isNote: boolean };

/** An empty disk; `crashed` is told when a statement fails with a crash, before that throws. */
export function simulatedDisk(
  clock: SimulatedClock,
  dice: Dice,
  profile: DiskProfile,
  crashed: () => void,
): SimulatedDisk {
  const opened = openDatabase();
  let left: number | null = null;
  let how: "crash" | "error" = "crash";
  /** Transactions that are not flushed yet, each a savepoint inside the one before. */
  let pending = 0;
  let flushes = 0;
  let held: Held[] = [];
  let inTransaction = false;

  const count = (): void => {
    if (left === null) return;
    left -= 1;
    if (left > 0) return;
    left = null;
    if (how === "error") throw new DiskError("disk I/O error");
    crashed();
    throw new SimulatedCrash("the power went");
  };
  const all = (statement: string, ...bindings: readonly SqlValue[]) => opened.all(statement, ...bindings);

  const scheduleFlush = (): void => {
    flushes += 1;
    const flush = flushes;
    const isSlow = dice.chance(profile.slowness);
    clock.after(isSlow ? dice.between(50, 3_000) : dice.between(0, profile.flushMillisMax), () => {
      if (flush === flushes && pending > 0) settle(pending);
    });
  };

  /** Only the first `kept` of the pending transactions become durable. */
  const settle = (kept: number): void => {
    for (; pending > kept; pending -= 1) {
      all("ROLLBACK TO unflushed");
      all("RELEASE unflushed");
    }
    if (pending > 0) all("COMMIT");
    pending = 0;
    flushes += 1;
    release();
  };

  const release = (): void => {
    const released = held;
    held = [];
    for (const { run } of released) run();
  };

  const hold = (run: () => void, isNote: boolean): void => {
    const after = pending + (inTransaction ? 1 : 0);
    if (after === 0) run();
    else held.push({ after, run, isNote });
  };

  /** The transaction in progress never happened. */
  const abandon = (): void => {
    inTransaction = false;
    held = held.filter(({ after }) => after <= pending);
    all("ROLLBACK TO unflushed");
    all("RELEASE unflushed");
  };

  const sql: Sql = {
    exec(statement, ...bindings) {
      count();
      return opened.all(statement, ...bindings);
    },
    transaction<T>(body: () => T, durability: "durable" | "recoverable" = "durable"): T {
      all("SAVEPOINT unflushed");
      inTransaction = true;
      try {
        const result = body();
        count();
        inTransaction = false;
        pending += 1;
        if (!profile.gated && durability === "durable") settle(pending);
        else if (pending === 1) scheduleFlush();
        count(); // written, but nobody learns of it
        return result;
      } catch (error) {
        if (inTransaction) abandon();
        throw error;
      }
    },
    savepoint<T>(body: () => T): T {
      all("SAVEPOINT attempt");
      try {
        const result = body();
        all("RELEASE attempt");
        return result;
      } catch (error) {
        // A crash undoes the whole transaction.
        if (!(error instanceof SimulatedCrash)) {
          all("ROLLBACK TO attempt");
          all("RELEASE attempt");
        }
        throw error;
      }
    },
  };

  return {
    sql,
    inspect: all,
    // Without a gate only what may be lost without harm is not durable yet.
    gate: (output) => (profile.gated ? hold(output, false) : output()),
    record: (note) => hold(note, true),
    recordNext: (note) => held.push({ after: pending + 1, run: note, isNote: true }),
    crash() {
      left = null;
      if (inTransaction) abandon();
      const lost = dice.between(0, pending);
      const kept = pending - lost;
      held = held.filter(({ after, isNote }) => isNote && after <= kept);
      if (pending > 0) settle(kept);
      return lost > 0;
    },
    failAfter(statements, kind = "crash") {
      left = statements;
      how = kind;
    },
    copy: () => copyOf(opened),
    close: () => opened.database.close(),
  };
}

/** Everything that is in the database, also what is not flushed. */
function copyOf(source: Database): ReadOnlyCopy {
  const target = openDatabase();
  const objects = source.all(
    "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index'",
  );
  for (const { type, name, sql } of objects) {
    target.database.exec(String(sql));
    if (type !== "table") continue;
    const rows = source.all(`SELECT * FROM ${String(name)}`);
    const [first] = rows;
    if (first === undefined) continue;
    const insert = `INSERT INTO ${String(name)} VALUES (${Object.keys(first)
      .map(() => "?")
      .join(", ")})`;
    for (const row of rows) target.all(insert, ...Object.values(row));
  }
  return { exec: target.all, close: () => target.database.close() };
}
