// All rows of the state store as one number or one text, table by table in the order of the primary key.

import type { ServerId } from "../../../shared/raft/types.ts";
import { heldIndexes } from "../../../shared/state/held-indexes.ts";
import { kvTable, kvTableIndex } from "../../../shared/state/indexes.ts";
import { tables } from "../../../shared/state/schema.ts";
import type { SqlRow, SqlValue } from "../../../shared/state/sql.ts";
import { createRaftStore } from "../../../worker/server/raft-store.ts";
import { createTrace } from "../trace.ts";

type Reader = { exec(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] };

const statements = tables.map(
  (table) => [table.name, `SELECT * FROM ${table.name} ORDER BY ${table.primaryKey.join(", ")}`] as const,
);

/** Equal states give equal texts. */
export function stateText(sql: Reader): string {
  return textOf((_name, statement) => sql.exec(statement));
}

/** The state as a server would find it that started on this database now: with the index that its log must tell. */
export function restartedStateText(sql: Reader): string {
  const held = heldIndexes({ exec: sql.exec, transaction: (body) => body(), savepoint: (body) => body() });
  createRaftStore(held, "server-1" as ServerId).restore();
  const kvRow = { name: kvTableIndex, value: kvTable(held) };
  return textOf((name, statement) => {
    const rows = sql.exec(statement);
    if (name !== "indexes" || kvRow.value === 0) return rows;
    const others = rows.filter((row) => row.name !== kvTableIndex);
    return [...others, kvRow].sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  });
}

function textOf(rowsOf: (table: string, statement: string) => readonly SqlRow[]): string {
  return statements
    .map(([name, statement]) => `${name} ${JSON.stringify(rowsOf(name, statement))}`)
    .join("\n");
}

export function stateHash(sql: Reader): string {
  const trace = createTrace();
  trace.text(stateText(sql));
  return trace.hash();
}

/** The first line in which two states differ, for a message. */
export function stateDifference(a: string, b: string): string {
  const others = b.split("\n");
  const at = a.split("\n").findIndex((line, i) => line !== others[i]);
  return at === -1 ? "none" : `\n  ${a.split("\n")[at]?.slice(0, 2_000)}\n  ${others[at]?.slice(0, 2_000)}`;
}
