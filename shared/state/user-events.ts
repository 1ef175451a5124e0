// The last user events of the datacenter, where agents have no gossip in common: kept by the servers, who tell their
// agents of each and list them at the Worker.

import { limits } from "../limits.ts";
import type { EventRow } from "../structs/user-event.ts";
import { answerIndex, type StateTransaction, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

/** Adds an event under the next Lamport time; an id that is kept already is the same event, and changes nothing. */
export function userEventFire(
  transaction: StateTransaction,
  event: EventRow,
): { readonly id: string; readonly lTime: number } {
  const { sql } = transaction;
  const known = sql.exec("SELECT time FROM user_events WHERE id = ?", event.ID)[0];
  if (known !== undefined) return { id: event.ID, lTime: Number(known.time) };
  const lTime = lastEventTime(sql) + 1;
  sql.exec(
    "INSERT INTO user_events (time, id, name, body, fired_at, modify_index) VALUES (?, ?, ?, ?, ?, ?)",
    lTime,
    event.ID,
    event.Name,
    JSON.stringify({ ...event, LTime: lTime }),
    transaction.at,
    transaction.index,
  );
  sql.exec("DELETE FROM user_events WHERE time <= ?", lTime - limits.userEventsKept);
  touch(transaction, watchKey("events"));
  touch(transaction, watchKey("event", event.Name));
  return { id: event.ID, lTime };
}

/** Of a name, or all for "", oldest first. */
export function listUserEvents(sql: Sql, name: string): ReadResult<readonly EventRow[]> {
  const rows =
    name === ""
      ? sql.exec("SELECT body, modify_index FROM user_events ORDER BY time")
      : sql.exec("SELECT body, modify_index FROM user_events WHERE name = ? ORDER BY time", name);
  return {
    index: answerIndex(Number(rows.at(-1)?.modify_index ?? 0)),
    keys: [name === "" ? watchKey("events") : watchKey("event", name)],
    value: rows.map((row) => JSON.parse(String(row.body)) as EventRow),
  };
}

/** 0 when there never was one. */
export function lastEventTime(sql: Sql): number {
  return Number(sql.exec("SELECT max(time) AS time FROM user_events")[0]?.time ?? 0);
}

/** Events after a time, fired at `from` or later. */
export function eventsSince(sql: Sql, time: number, from: number): readonly EventRow[] {
  return sql
    .exec("SELECT body FROM user_events WHERE time > ? AND fired_at >= ? ORDER BY time", time, from)
    .map((row) => JSON.parse(String(row.body)) as EventRow);
}
