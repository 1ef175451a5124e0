// The Sql port over a Durable Object's SQLite. Cursors are read to their end at once: a cursor left open would see
// rows that later statements insert. BLOBs come as ArrayBuffer and leave as Uint8Array.

import { createRowCounter } from "../../shared/state/bounded-sql.ts";
import type { Sql, SqlRow, SqlValue } from "../../shared/state/sql.ts";

/** With what the runtime counts, which is what is billed: rows of tables and of their indexes. */
export type ObjectSql = Sql & { rowsWritten(): number };

/** The object's own database. Writes of one turn are one commit; nothing leaves the object before it is durable. */
export function createSql(storage: DurableObjectStorage): ObjectSql {
  let rowsWritten = 0;
  return {
    rowsWritten: () => rowsWritten,
    exec(statement, ...bindings) {
      const cursor = storage.sql.exec(statement, ...bindings.map(toBinding));
      const rows = cursor.toArray().map(toRow);
      rowsWritten += cursor.rowsWritten;
      return rows;
    },
    execWithin(charsMax, statement, ...bindings) {
      const count = createRowCounter(charsMax);
      const rows: SqlRow[] = [];
      for (const found of storage.sql.exec(statement, ...bindings.map(toBinding))) {
        const row = toRow(found);
        count(row);
        rows.push(row);
      }
      return rows;
    },
    transaction: (body) => storage.transactionSync(body),
    // Inside another one transactionSync is a savepoint; the statement itself is forbidden here.
    savepoint: (body) => storage.transactionSync(body),
  };
}

function toRow(row: Record<string, SqlStorageValue>): SqlRow {
  for (const column in row) {
    const value = row[column];
    if (value instanceof ArrayBuffer) (row as Record<string, unknown>)[column] = new Uint8Array(value);
  }
  return row as unknown as SqlRow;
}

/** A view on a larger buffer must not bind the whole buffer. */
function toBinding(value: SqlValue): SqlStorageValue {
  if (!(value instanceof Uint8Array)) return value;
  return value.slice().buffer as ArrayBuffer;
}
