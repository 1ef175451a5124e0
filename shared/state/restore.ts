// A user's snapshot back into the state, through the log: pieces are staged in a replicated table by as many commands
// as it takes, and one last command replaces everything at once, or nothing if a piece is missing or unreadable.
//
// Rows keep the indexes that they had when the snapshot was made. Where those are above this group's log, its state
// counts on from them: the difference stays in the table of indexes (log-offset), so that no index falls or repeats.

import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { kvTable, readIndexStatement, type StateTransaction } from "./indexes.ts";
import { tables } from "./schema.ts";
import { parseChunk, restoreRows, snapshotRows } from "./snapshot.ts";
import type { Sql } from "./sql.ts";
import { everything } from "./watch-keys.ts";

/** Characters of one piece: a command with it stays well below the size of a log entry, quoting included. */
export const pieceCharsMax = 256 << 10;

const stagingTable = "restore_pieces";
const offsetName = "log-offset";

export type RestorePiece = {
  /** Names this restore; piece 0 of a new one throws away what another has left behind. */
  readonly id: string;
  readonly number: number;
  readonly data: string;
  /** The last piece of a chunk of snapshotRows. */
  readonly ends: boolean;
};

export type RestoreCommit = { readonly id: string; readonly pieces: number };

/** The tables of a user's snapshot: all but the staging area of this file. */
export const archiveTables = tables.filter((table) => table.name !== stagingTable);

/** All of the state for a user's snapshot, in chunks; taken in one turn. */
export function archiveRows(sql: Sql): Generator<string> {
  return snapshotRows(sql, archiveTables);
}

/** The pieces to propose for these chunks, in order, before the commit with their number. */
export function* restorePieces(id: string, chunks: Iterable<string>): Generator<RestorePiece> {
  let number = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; number += 1) {
      let to = Math.min(from + pieceCharsMax, chunk.length);
      if (isHighSurrogate(chunk.charCodeAt(to - 1)) && to < chunk.length) to -= 1; // half a character is no text
      yield { id, number, data: chunk.slice(from, to), ends: to === chunk.length };
      from = to;
    }
  }
}

/** What is added to the log's index to give the state's. */
export function logOffset(sql: Sql): number {
  const [row] = sql.exec(readIndexStatement, offsetName);
  return Number(row?.value ?? 0);
}

/**
 * The entry of the log that was the last to change a key; 0 when none is known. All up to it is applied, because its
 * index is written in the transaction that applies it, and a restore sets the offset above every index it brings: what
 * it brings says an entry below its own.
 */
export function lastKvEntry(sql: Sql): number {
  return Math.max(0, kvTable(sql) - logOffset(sql));
}

/** Stages a piece. */
export function stagePiece({ sql }: StateTransaction, piece: RestorePiece): Result<true, ServerError> {
  if (piece.number === 0) sql.exec(`DELETE FROM ${stagingTable} WHERE restore_id <> ?`, piece.id);
  sql.exec(
    `INSERT OR REPLACE INTO ${stagingTable} (restore_id, number, data, ends) VALUES (?, ?, ?, ?)`,
    piece.id,
    piece.number,
    piece.data,
    piece.ends ? 1 : 0,
  );
  return ok(true);
}

/** Replaces the state by what is staged. Everything is read and checked before anything is written. */
export function commitRestore(
  transaction: StateTransaction,
  commit: RestoreCommit,
): Result<true, ServerError> {
  const { sql, index } = transaction;
  const problem = problemOf(sql, commit);
  if (problem !== null) return fail(serverError("rejected", `failed to restore the snapshot: ${problem}`));
  const log = index - logOffset(sql);
  restoreRows(sql, stagedChunks(sql, commit.id), archiveTables);
  sql.exec(`DELETE FROM ${stagingTable}`);
  sql.exec("DELETE FROM indexes WHERE name = ?", offsetName);
  const next = Math.max(index, newestIndex(sql) + 1);
  if (next > log) sql.exec("INSERT INTO indexes (name, value) VALUES (?, ?)", offsetName, next - log);
  transaction.changed.add(everything);
  return ok(true);
}

function problemOf(sql: Sql, { id, pieces }: RestoreCommit): string | null {
  const [row] = sql.exec(
    `SELECT count(*) AS pieces, max(number) AS newest FROM ${stagingTable} WHERE restore_id = ?`,
    id,
  );
  if (pieces < 1 || row?.pieces !== pieces || row.newest !== pieces - 1) {
    return `${String(row?.pieces ?? 0)} of ${pieces} parts are there: begin again`;
  }
  let hasVersion = false;
  for (const text of stagedChunks(sql, id)) {
    const chunk = parseChunk(text);
    if (!chunk.ok) return chunk.error;
    if (chunk.value.table === stagingTable) return "it holds another restore";
    hasVersion ||= chunk.value.table === "state_version" && chunk.value.rows.length === 1;
  }
  return hasVersion ? null : "it does not say of which version it is";
}

/** Reads piece by piece: a state is larger than what memory should hold. */
function* stagedChunks(sql: Sql, id: string): Generator<string> {
  let chunk = "";
  for (let number = 0; ; number += 1) {
    const [row] = sql.exec(
      `SELECT data, ends FROM ${stagingTable} WHERE restore_id = ? AND number = ?`,
      id,
      number,
    );
    if (row === undefined) break;
    chunk += String(row.data);
    if (row.ends !== 1) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

function newestIndex(sql: Sql): number {
  let newest = 0;
  for (const table of archiveTables) {
    for (const [column] of table.columns) {
      const isIndex = /(^|_)(create_index|modify_index)$/.test(column);
      if (!isIndex && !(table.name === "indexes" && column === "value")) continue;
      const [row] = sql.exec(`SELECT max(${column}) AS newest FROM ${table.name}`);
      newest = Math.max(newest, Number(row?.newest ?? 0));
    }
  }
  return newest;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
