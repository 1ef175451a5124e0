// All rows of the state store as one number or one text, table by table in the order of the primary key.

import { tables } from "../../../shared/state/schema.ts";
import type { SqlRow, SqlValue } from "../../../shared/state/sql.ts";
import { createTrace } from "../trace.ts";

type Reader = { exec(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] };

const statements = tables.map(
  (table) => [table.name, `SELECT * FROM ${table.name} ORDER BY ${table.primaryKey.join(", ")}`] as const,
);

/** Equal states give equal texts. */
export function stateText(sql: Reader): string {
  return statements.map(([name, statement]) => `${name} ${JSON.stringify(sql.exec(statement))}`).join("\n");
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
