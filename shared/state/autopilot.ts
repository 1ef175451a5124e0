// Autopilot's settings: one row, with the indexes by which operators compare and set.

import type { AutopilotConfiguration, AutopilotEntry } from "../structs/autopilot.ts";
import { answerIndex, type StateTransaction, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

const key = watchKey("autopilot");

/** The settings; null before the first leader wrote any. */
export function autopilotGet(sql: Sql): ReadResult<AutopilotEntry | null> {
  const [row] = sql.exec("SELECT body, create_index, modify_index FROM autopilot WHERE id = 1");
  if (row === undefined) return { index: answerIndex(), keys: [key], value: null };
  const configuration = JSON.parse(String(row.body)) as AutopilotConfiguration;
  const indexes = { CreateIndex: Number(row.create_index), ModifyIndex: Number(row.modify_index) };
  return { index: answerIndex(indexes.ModifyIndex), keys: [key], value: { ...configuration, ...indexes } };
}

/** False when the condition does not hold; then nothing is written. */
export function autopilotSet(
  transaction: StateTransaction,
  wanted: {
    readonly configuration: AutopilotConfiguration;
    readonly cas: number | null;
    readonly initial: boolean;
  },
): boolean {
  const { sql, index } = transaction;
  const existing = autopilotGet(sql).value;
  if (wanted.initial && existing !== null) return false;
  if (wanted.cas !== null && existing?.ModifyIndex !== wanted.cas) return false;
  sql.exec(
    `INSERT INTO autopilot (id, body, create_index, modify_index) VALUES (1, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET body = excluded.body, modify_index = excluded.modify_index`,
    JSON.stringify(wanted.configuration),
    index,
    index,
  );
  touch(transaction, key);
  return true;
}
