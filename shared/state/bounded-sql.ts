// Reads that must not fill the memory of their host: an object has 128 MB, and dies with all that it does when one
// listing of everything is larger than that. Where the host cannot stop reading early, nothing is bounded.

import type { Sql, SqlRow } from "./sql.ts";

/** What a bounded read throws; the caller answers that less has to be asked for. */
export class ResultTooLarge extends Error {}

/** The same database, whose statements give up when their rows hold more than `charsMax` characters. */
export function boundedSql(sql: Sql, charsMax: number): Sql {
  const { execWithin } = sql;
  if (execWithin === undefined) return sql;
  return { ...sql, exec: (statement, ...bindings) => execWithin(charsMax, statement, ...bindings) };
}

/** Counts rows as they come. Throws ResultTooLarge. */
export function createRowCounter(charsMax: number): (row: SqlRow) => void {
  let chars = 0;
  return (row) => {
    for (const column in row) {
      const value = row[column];
      if (typeof value === "string") chars += value.length;
      else if (value instanceof Uint8Array) chars += value.byteLength;
    }
    chars += 16;
    if (chars > charsMax) throw new ResultTooLarge(`more than ${charsMax} characters`);
  };
}
