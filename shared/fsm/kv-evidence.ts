// Entries of the log whose effect shows in the state that they were applied: the key that such an entry wrote, or its
// tombstone, carries the entry's index, and is written in the transaction that applies it. So nothing else need be
// written that says so. raft-store.ts asks here, before it leaves that out, whether an entry is going to show
// (showsItself), and after a restart whether it does (kvEvidence): the one must not promise what the other would miss.

import { logOffset } from "../state/restore.ts";
import type { Sql } from "../state/sql.ts";
import { splitWatchKey } from "../state/watch-keys.ts";
import { commandNumbers, commandVersion, decodeEntry } from "./codec.ts";

/** How commands of one key begin, as this release writes them; others are not looked at. */
const openings = [commandNumbers.kv, commandNumbers.kvLock].map(
  (number) => `{"v":${commandVersion},"t":${number},`,
);

/**
 * The index of the kv table after the entry at `index` of the log, if that entry changed a key and nothing changed the
 * key since; null when the state does not show that it was applied.
 */
export function kvEvidence(sql: Sql, index: number, command: string): number | null {
  if (!isOfOneKey(command)) return null;
  const decoded = decodeEntry(command).command;
  if (decoded.kind !== "kv" && decoded.kind !== "kvLock") return null;
  const { key } = decoded.operation;
  const shown = index + logOffset(sql);
  const found = sql.exec(
    "SELECT 1 AS found FROM kv WHERE key = ? AND modify_index = ? UNION ALL SELECT 1 FROM tombstones WHERE key = ? AND modify_index = ?",
    ...[key, shown, key, shown],
  );
  return found.length > 0 ? shown : null;
}

/** Will it be found (kvEvidence) that this entry was applied, which changed these watch keys, for as long as it is the last? */
export function showsItself(command: string, changed: readonly string[]): boolean {
  // Whatever changes the one key of such a command writes its row, or a tombstone, with the entry's index.
  return isOfOneKey(command) && changed.some((key) => splitWatchKey(key).space === "kv");
}

function isOfOneKey(command: string): boolean {
  return openings.some((opening) => command.startsWith(opening));
}
