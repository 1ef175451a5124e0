// What a restart reads of raft's rows: hard state, positions, the log's tail, configurations; all of it checked. A
// server that cannot trust its disk must not vote, for it may have forgotten what it promised: it does not even start.

import { assert } from "../../shared/base/assert.ts";
import { kvEvidence } from "../../shared/fsm/kv-evidence.ts";
import { crc32OfText } from "../../shared/base/crc32.ts";
import type { LogReader } from "../../shared/raft/log.ts";
import { parseConfiguration } from "../../shared/raft/membership.ts";
import type { Restored } from "../../shared/raft/state.ts";
import type {
  Entry,
  IndexedConfiguration,
  LogIndex,
  LogPosition,
  ServerId,
} from "../../shared/raft/types.ts";
import type { Sql, SqlRow } from "../../shared/state/sql.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** How much of the log's end is loaded at boot. */
const bootEntriesMax = 1_000;
const bootCharsMax = 4 << 20;

/** A row of the log as it is read. */
export type LogRow = { readonly first: LogIndex; readonly entries: readonly Entry[] };

/**
 * All that a restart needs; throws with what to do when the rows contradict each other. `appliedByState`: up to where
 * the state says that it is applied, at least.
 */
export function restoreRaft(
  sql: Sql,
  reader: LogReader,
  snapshots: SnapshotStore,
  appliedByState: LogIndex,
): Restored {
  try {
    return restore(sql, reader, snapshots, appliedByState);
  } catch (error) {
    throw new Error(distrust(error), { cause: error });
  }
}

function restore(sql: Sql, reader: LogReader, snapshots: SnapshotStore, appliedByState: LogIndex): Restored {
  const { taken, receiving } = snapshots.restore();
  const [hard] = sql.exec("SELECT * FROM raft_hard WHERE id = 1");
  const [applied] = sql.exec("SELECT applied_index FROM raft_applied WHERE id = 1");
  const base = { index: count(hard?.base_index ?? 0), term: count(hard?.base_term ?? 0) };
  checkLogRows(sql, base.index);
  const tail: Entry[] = [];
  let lastIndex = base.index;
  let chars = 0;
  let below: LogIndex | null = null;
  while (tail.length < bootEntriesMax && chars < bootCharsMax) {
    const [row] = sql.exec(
      `SELECT first_index, last_index, entries FROM raft_log WHERE first_index < ? ORDER BY first_index DESC LIMIT 1`,
      below ?? Number.MAX_SAFE_INTEGER,
    );
    if (row === undefined) break;
    const { first, entries } = decodeRow(row);
    const end = first + entries.length - 1;
    if (below === null) lastIndex = end;
    else assert(end === below - 1, `the rows of the log are contiguous below ${below}`);
    tail.unshift(...entries);
    chars += String(row.entries).length;
    below = first;
  }
  const appliedIndex = Math.max(count(applied?.applied_index ?? 0), count(appliedByState));
  const term = count(hard?.term ?? 0);
  assert(base.index <= appliedIndex, "only what was applied is dropped from the log");
  assert(appliedIndex <= lastIndex, `what was applied (${appliedIndex}) is in the log (up to ${lastIndex})`);
  checkTerms([base, ...tail], term);
  const votedFor = hard?.voted_for ?? null;
  assert(votedFor === null || typeof votedFor === "string", "the vote can be read");
  return {
    hard: {
      term,
      votedFor: votedFor as ServerId | null,
      leaderTerm: count(hard?.leader_term ?? 0),
      incarnation: count(hard?.incarnation ?? 0),
      leaderIncarnation: count(hard?.leader_incarnation ?? 0),
      mayServeReads: hard?.may_serve_reads === 1,
      epoch: count(hard?.epoch ?? 0),
      cluster: String(hard?.cluster ?? ""),
      commitIndex: count(hard?.commit_index ?? 0),
    },
    base,
    lastIndex,
    tail,
    appliedIndex,
    configurations: readConfigurations(sql),
    reader,
    snapshot: taken,
    receiving,
    snapshotReader: snapshots,
  };
}

/**
 * Up to where the log was applied by what the newest entries show in the state (fsm/kv-evidence.ts), and the index of
 * the kv table then; null: what its row says. Reads at most `entriesMax` entries, the newest first.
 */
export function appliedByEvidence(
  sql: Sql,
  reader: LogReader,
  said: LogIndex,
  lastIndex: LogIndex,
  entriesMax: number,
): { readonly applied: LogIndex; readonly kvTable: number | null } {
  for (let index = Math.min(lastIndex, said + entriesMax); index > said; index -= 1) {
    const [entry] = reader.entries(index, index, 1);
    assert(entry !== undefined, `the log holds entry ${index}`);
    const kvTable = kvEvidence(sql, index, entry.command);
    if (kvTable !== null) return { applied: index, kvTable };
  }
  return { applied: said, kvTable: null };
}

/** What to do with a server whose storage contradicts itself. */
function distrust(error: unknown): string {
  const why = (error instanceof Error ? error.message : String(error)).replace("broken invariant: ", "");
  return (
    `raft's storage on this server cannot be trusted, so it neither votes nor answers; what should hold is: ${why}. ` +
    "Remove this server from its group (operator raft remove-peer), empty its data directory and let it join again; " +
    "do not go back to an older copy of the directory, which would have forgotten what this server promised"
  );
}

/** Rows without gaps or overlaps from right above the base; reads no entries. */
function checkLogRows(sql: Sql, base: LogIndex): void {
  const [row] = sql.exec(
    `SELECT count(*) AS found, min(first_index) AS first, max(last_index) AS last,
     sum(last_index - first_index + 1) AS entries FROM raft_log`,
  );
  if (row === undefined || row.found === 0) return;
  assert(row.first === base + 1, `the log begins at ${base + 1}, not at ${String(row.first)}`);
  const length = Number(row.last) - Number(row.first) + 1;
  assert(row.entries === length, `the log's rows hold ${length} entries, not ${String(row.entries)}`);
}

/** Terms never fall along the log, and none is above the server's own. */
function checkTerms(positions: readonly LogPosition[], term: number): void {
  let before = 0;
  for (const position of positions) {
    assert(position.term >= before, `the term at ${position.index} is not below the one before`);
    before = position.term;
  }
  assert(before <= term, `no entry is of a later term than the server's, ${term}`);
}

/** The configurations in the log, and the one right below it. */
export function readConfigurations(sql: Sql): readonly IndexedConfiguration[] {
  return sql.exec("SELECT * FROM raft_configurations ORDER BY log_index").map((row) => {
    const configuration = parseConfiguration(String(row.configuration));
    assert(configuration !== null, `the configuration at ${row.log_index} can be read`);
    return { index: count(row.log_index ?? null), configuration };
  });
}

/** The entries of a row that begins at `first`, behind them "#" and a checksum of both. */
export function encodeEntries(first: LogIndex, entries: readonly Entry[]): string {
  const text = JSON.stringify(entries.map((entry) => [entry.term, entry.command]));
  return `${text}#${checksum(first, text)}`;
}

/** Eight hexadecimal digits: SQLite has no checksums of its own, and a flipped bit in a value is still JSON. */
function checksum(first: LogIndex, text: string): string {
  return crc32OfText(`${first}:${text}`).toString(16).padStart(8, "0");
}

/** Read back from disk and checked: a server whose log cannot be trusted must not vote, so it stops here. */
export function decodeRow(row: SqlRow): LogRow {
  const first = count(row.first_index ?? null);
  const { text, sum } = withoutChecksum(String(row.entries));
  assert(sum === null || sum === checksum(first, text), `the log row at ${first} is as it was written`);
  let pairs: unknown;
  try {
    pairs = JSON.parse(text);
  } catch {
    pairs = null;
  }
  assert(Array.isArray(pairs) && pairs.length > 0, `the log row at ${first} can be read`);
  const entries = pairs.map((pair: unknown, i): Entry => {
    assert(Array.isArray(pair), `entry ${first + i} can be read`);
    const [term, command] = pair as readonly unknown[];
    assert(typeof term === "number" && typeof command === "string", `entry ${first + i} can be read`);
    return { index: first + i, term, command };
  });
  const last = row.last_index === undefined ? first + entries.length - 1 : row.last_index;
  assert(last === first + entries.length - 1, `the log row at ${first} ends at ${String(last)}`);
  return { first, entries };
}

/** Rows of older releases have none. */
function withoutChecksum(stored: string): { readonly text: string; readonly sum: string | null } {
  const at = stored.length - 9;
  return stored[at] === "#"
    ? { text: stored.slice(0, at), sum: stored.slice(at + 1) }
    : { text: stored, sum: null };
}

function count(value: SqlRow[string]): number {
  assert(Number.isSafeInteger(value) && (value as number) >= 0, "a position on disk is a count");
  return value as number;
}
