// Rows of `indexes` that are held in memory for a while, because rows written are billed and the kv table's index
// changes with every write. Most are written at the end of the transaction that applies them; the kv table's may be
// held for longer where the log can tell it again after a restart (fsm/kv-evidence.ts, worker/server/raft-store.ts).
//
// Nobody who reads through this Sql can tell: a statement that names the table sees all that is held back, for that is
// written before it, unless it is one of those of indexes.ts, which are answered from memory.

import {
  dropIndexStatement,
  readIndexStatement,
  storedIndexOpening,
  writeIndexStatement,
} from "./indexes.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";

/** More names than applying asks for. */
const knownMax = 32;

export type HeldIndexes = Sql & {
  /** Writes what is held back, except the row `name`, which stays as it is. */
  flush(except?: string): void;
};

/** The same database, with rows of `indexes` held back until `flush`. All of the state is read through it. */
export function heldIndexes(sql: Sql): HeldIndexes {
  let held = new Map<string, SqlValue>();
  /** Rows as they were read last, null for none: applying an entry asks for the same few each time. */
  const known = new Map<string, SqlRow | null>();

  const flush = (except?: string): void => {
    const all = held;
    held = new Map();
    for (const [name, value] of all) {
      if (name === except) held.set(name, value);
      else {
        known.delete(name);
        sql.exec(writeIndexStatement, name, value);
      }
    }
  };

  const exec = (statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] => {
    const name = String(bindings[0]);
    switch (statement) {
      case writeIndexStatement:
        held.set(name, bindings[1] ?? null);
        return [];
      case readIndexStatement: {
        const value = held.get(name);
        return value === undefined ? stored(name) : [{ value }];
      }
      case dropIndexStatement:
        held.delete(name);
        known.delete(name);
        break;
      default:
        if ((held.size === 0 && known.size === 0) || !statement.includes("indexes")) break;
        if (statement.startsWith(storedIndexOpening)) return highest(statement, bindings);
        flush();
        known.clear();
    }
    return sql.exec(statement, ...bindings);
  };

  const stored = (name: string): readonly SqlRow[] => {
    let row = known.get(name);
    if (row === undefined) {
      row = sql.exec(readIndexStatement, name)[0] ?? null;
      if (known.size >= knownMax) known.clear();
      known.set(name, row);
    }
    return row === null ? [] : [row];
  };

  /** What is held is above what is stored: indexes only rise. */
  const highest = (statement: string, names: readonly SqlValue[]): readonly SqlRow[] => {
    const stored = Number(sql.exec(statement, ...names)[0]?.value ?? 0);
    return [{ value: Math.max(stored, ...names.map((name) => Number(held.get(String(name)) ?? 0))) }];
  };

  /** What was written early is undone with the rest, so it is held back again. */
  const undoable = <T>(run: () => T): T => {
    const before = new Map(held);
    let done = false;
    try {
      const result = run();
      done = true;
      return result;
    } finally {
      if (!done) {
        held = before;
        known.clear();
      }
    }
  };

  const { execWithin } = sql;
  return {
    exec,
    ...(execWithin === undefined
      ? {}
      : {
          // What is held back has small rows, and only exec knows of it.
          execWithin: (charsMax, statement, ...bindings) =>
            statement.includes("indexes")
              ? exec(statement, ...bindings)
              : execWithin(charsMax, statement, ...bindings),
        }),
    transaction: (body, durability) => undoable(() => sql.transaction(body, durability)),
    savepoint: (body) => undoable(() => sql.savepoint(body)),
    flush,
  };
}
