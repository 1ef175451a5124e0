// Large trees in portions (Legate's own): a page of entries or keys, cut at a depth, or just their number. Rows are
// read in batches and a folded subtree is skipped by a search, so that a page costs about what it shows.

import type { DirEntry, KvPage, KvPageRequest } from "../structs/kv.ts";
import { limits } from "../limits.ts";
import { ResultTooLarge } from "./bounded-sql.ts";
import { answerIndex, kvTable } from "./indexes.ts";
import { entryOf, keyRange, kvColumns, prefixEnd } from "./kv.ts";
import type { ReadResult } from "./reads.ts";
import type { Sql, SqlRow } from "./sql.ts";
import { watchPrefix } from "./watch-keys.ts";

/** Rows of one statement; of entries fewer where their values are large, for all of them are in memory at once. */
const batchRowsMax = 256;
const batchRowsFirst = 8;
const batchCharsAim = 1 << 20;

/**
 * A page below a prefix. Its index is the table's, which is cheap and may rise without the page changing: a waiter is
 * woken by its prefix alone.
 */
export function kvPage(sql: Sql, asked: KvPageRequest): ReadResult<KvPage> {
  const value = asked.what === "count" ? countKeys(sql, asked.prefix) : collect(sql, asked);
  return {
    index: answerIndex(kvTable(sql)),
    keys: [watchPrefix("kv", asked.prefix)],
    value,
  };
}

function countKeys(sql: Sql, prefix: string): KvPage {
  const [where, bindings] = keyRange(prefix);
  const [row] = sql.exec(`SELECT count(*) AS n FROM kv WHERE ${where}`, ...bindings);
  return { entries: [], keys: [], count: Number(row?.n ?? 0), next: null };
}

function collect(sql: Sql, asked: KvPageRequest): KvPage {
  const wantsEntries = asked.what === "entries";
  const entries: DirEntry[] = [];
  const keys: string[] = [];
  const limit = asked.limit ?? Number.POSITIVE_INFINITY;
  let last: string | null = null;
  let chars = 0;
  for (const { shown, row } of walk(sql, asked, firstKey(asked))) {
    // One more than asked for says that there is more.
    const isFull = entries.length + keys.length === limit;
    // A page of large values ends early: whoever turns pages gets the rest with the next one.
    if (isFull || (chars > limits.kvPageCharsMax && asked.limit !== null)) return page(entries, keys, last);
    if (chars > limits.answerCharsMax)
      throw new ResultTooLarge(`more than ${limits.answerCharsMax} characters`);
    chars += shown.length + String(row.value ?? "").length;
    if (wantsEntries) entries.push(entryOf(row));
    else keys.push(shown);
    last = shown;
  }
  return page(entries, keys, null);
}

function page(entries: readonly DirEntry[], keys: readonly string[], next: string | null): KvPage {
  return { entries, keys, count: entries.length + keys.length, next };
}

/** Where a page begins: behind the last key of the one before, and behind its whole subtree if it stood for one. */
function firstKey({ prefix, after, separator, depth }: KvPageRequest): string | null {
  if (after === "" || isBefore(after, prefix)) return prefix;
  const isFold = depth !== null && foldOf(after, prefix, separator, depth) === after;
  return isFold ? prefixEnd(after) : `${after}\0`;
}

/** What is shown below a prefix, in the order of the keys. Entries that are deeper than asked for are left out. */
function* walk(
  sql: Sql,
  asked: KvPageRequest,
  from: string | null,
): Generator<{ readonly shown: string; readonly row: SqlRow }> {
  const { prefix, separator, depth } = asked;
  const wantsEntries = asked.what === "entries";
  const columns = wantsEntries ? kvColumns : "key";
  const end = prefixEnd(prefix);
  let lower = from;
  let batchRows = wantsEntries ? batchRowsFirst : batchRowsMax;
  while (lower !== null && (end === null || isBefore(lower, end))) {
    const rows: readonly SqlRow[] = sql.exec(
      `SELECT ${columns} FROM kv WHERE key >= ?${end === null ? "" : " AND key < ?"} ORDER BY key LIMIT ${batchRows}`,
      ...(end === null ? [lower] : [lower, end]),
    );
    let fold: string | null = null;
    for (const row of rows) {
      const key = String(row.key);
      if (fold !== null && key.startsWith(fold)) continue;
      fold = depth === null ? null : foldOf(key, prefix, separator, depth);
      if (fold === null) yield { shown: key, row };
      else if (!wantsEntries) yield { shown: fold, row };
    }
    if (rows.length < batchRows) return;
    if (wantsEntries) batchRows = nextBatchRows(rows);
    // The rest of a subtree that stands as one key is not read.
    lower = fold === null ? `${String(rows.at(-1)?.key)}\0` : prefixEnd(fold);
  }
}

function nextBatchRows(rows: readonly SqlRow[]): number {
  const chars = rows.reduce((sum, row) => sum + String(row.value ?? "").length, 0) / rows.length;
  return Math.max(1, Math.min(batchRowsMax, Math.floor(batchCharsAim / (chars + 1))));
}

/** The key cut behind its nth separator below the prefix; null when it has fewer. */
function foldOf(key: string, prefix: string, separator: string, depth: number): string | null {
  let at = prefix.length;
  for (let n = 0; n < depth; n++) {
    const found = key.indexOf(separator, at);
    if (found < 0) return null;
    at = found + separator.length;
  }
  return key.slice(0, at);
}

/** In the order of UTF-8 bytes, as the database has it. */
function isBefore(a: string, b: string): boolean {
  const left = new TextEncoder().encode(a);
  const right = new TextEncoder().encode(b);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return left.length < right.length;
}
