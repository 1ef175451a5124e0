// Rows of `indexes`, written once for each transaction that applies entries and not once for each entry. Rows written
// are billed, and the kv table's index changes with every write.
//
// Nothing that is applied can tell: a statement that names the table sees all that is held back, for that is written
// before it, unless it is one of the three that concern a single name. So where batches end makes no difference.

import { dropIndexStatement, readIndexStatement, writeIndexStatement } from "./indexes.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";

export type IndexBatch = {
  /** What the entries are applied to, in place of the Sql below. */
  readonly sql: Sql;
  /** Writes what is held back: before the transaction ends. */
  flush(): void;
};

/** Begins a batch: inside a transaction of `sql`, and for no longer than that. */
export function indexBatch(sql: Sql): IndexBatch {
  let held = new Map<string, SqlValue>();

  const flush = (): void => {
    for (const [name, value] of held) sql.exec(writeIndexStatement, name, value);
    held = new Map();
  };

  const exec = (statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] => {
    const name = String(bindings[0]);
    switch (statement) {
      case writeIndexStatement:
        held.set(name, bindings[1] ?? null);
        return [];
      case readIndexStatement: {
        const value = held.get(name);
        if (value !== undefined) return [{ value }];
        break;
      }
      case dropIndexStatement:
        held.delete(name);
        break;
      default:
        if (held.size > 0 && statement.includes("indexes")) flush();
    }
    return sql.exec(statement, ...bindings);
  };

  return {
    sql: {
      exec,
      transaction: (body, durability) => sql.transaction(body, durability),
      savepoint(body) {
        const before = new Map(held);
        let done = false;
        try {
          const result = sql.savepoint(body);
          done = true;
          return result;
        } finally {
          // What was written early is undone with the rest, so it is held back again.
          if (!done) held = before;
        }
      },
    },
    flush,
  };
}
