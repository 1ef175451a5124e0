// The log as the core sees it: a tail in memory over what storage holds. Older entries are read through LogReader.
//
// 1. base.index <= persistedIndex <= lastIndex; entries are contiguous above base.
// 2. `tail` holds [tailFirst, lastIndex]; everything that is not persisted yet is in it.
// 3. What is at or below base was applied here and is gone (compaction); the term at base itself is known.

import { assert } from "../base/assert.ts";
import type { Entry, LogIndex, LogPosition, Term } from "./types.ts";

/** Synchronous, read-only access to persisted entries that are no longer in memory. */
export type LogReader = {
  /** The entries from `from` to `to`, both included; all of them exist. May stop after `bytesMax`, never empty. */
  entries(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[];
};

export type RaftLog = {
  readonly reader: LogReader;
  base: LogPosition;
  tailFirst: LogIndex;
  tail: Entry[];
  persistedIndex: LogIndex;
  /** Entries up to here were handed out in a PersistBatch. */
  handedIndex: LogIndex;
  truncateFrom: LogIndex | null;
};

/** A log as storage has it: `tail` may be any suffix of what is persisted. */
export function newLog(
  reader: LogReader,
  base: LogPosition,
  last: LogIndex,
  tail: readonly Entry[],
): RaftLog {
  assert(tail.length === 0 || tail.at(-1)?.index === last, "the loaded tail ends where the log ends");
  return {
    reader,
    base,
    tailFirst: last - tail.length + 1,
    tail: [...tail],
    persistedIndex: last,
    handedIndex: last,
    truncateFrom: null,
  };
}

export function lastIndex(log: RaftLog): LogIndex {
  return log.tailFirst + log.tail.length - 1;
}

export function lastPosition(log: RaftLog): LogPosition {
  const index = lastIndex(log);
  return { index, term: termAt(log, index) ?? 0 };
}

/** The term of the entry at `index`, or null when there is none (beyond the end, or compacted). */
export function termAt(log: RaftLog, index: LogIndex): Term | null {
  if (index === log.base.index) return log.base.term;
  if (index < log.base.index || index > lastIndex(log)) return null;
  if (index >= log.tailFirst) return log.tail[index - log.tailFirst]?.term ?? null;
  return log.reader.entries(index, index, 1)[0]?.term ?? null;
}

/** Entries from `from` up to `to` at most, stopping after `bytesMax` (but at least one, if there is one). */
export function entriesBetween(
  log: RaftLog,
  from: LogIndex,
  to: LogIndex,
  bytesMax: number,
): readonly Entry[] {
  assert(from > log.base.index, "entries are read above the compacted prefix");
  const end = Math.min(to, lastIndex(log));
  if (from > end) return [];
  if (from < log.tailFirst) return log.reader.entries(from, Math.min(end, log.tailFirst - 1), bytesMax);
  let bytes = 0;
  let count = 0;
  for (let index = from; index <= end; index += 1) {
    bytes += entryBytes(log.tail[index - log.tailFirst]);
    if (count > 0 && bytes > bytesMax) break;
    count += 1;
  }
  return log.tail.slice(from - log.tailFirst, from - log.tailFirst + count);
}

/** What an entry costs in a message or a row, nearly. */
export function entryBytes(entry: Entry | undefined): number {
  return entry === undefined ? 0 : entry.command.length + 24;
}

export function appendEntries(log: RaftLog, entries: readonly Entry[]): void {
  for (const entry of entries) {
    assert(entry.index === lastIndex(log) + 1, "entries are contiguous");
    log.tail.push(entry);
  }
}

/** Removes every entry from `index` on (§5.3: a conflict with the leader's log). */
export function truncateLog(log: RaftLog, index: LogIndex): void {
  assert(index > log.base.index, "the compacted prefix is never cut");
  if (index < log.tailFirst) {
    log.tail = [];
    log.tailFirst = index;
  } else {
    log.tail.length = index - log.tailFirst;
  }
  if (index <= log.handedIndex) {
    log.truncateFrom = Math.min(index, log.truncateFrom ?? index);
    log.handedIndex = index - 1;
    log.persistedIndex = Math.min(log.persistedIndex, index - 1);
  }
}

/** What has to be written now; the caller writes it before anything that depends on it is sent. */
export function takeUnpersisted(log: RaftLog): { truncateFrom: LogIndex | null; append: readonly Entry[] } {
  const from = Math.max(log.handedIndex + 1, log.tailFirst);
  const append = log.tail.slice(from - log.tailFirst);
  const truncateFrom = log.truncateFrom;
  log.truncateFrom = null;
  log.handedIndex = lastIndex(log);
  return { truncateFrom, append };
}

/** Storage has everything up to `position`; ignored when the log was cut or overwritten there since. */
export function markPersisted(log: RaftLog, position: LogPosition): void {
  if (position.index > log.handedIndex || termAt(log, position.index) !== position.term) return;
  log.persistedIndex = Math.max(log.persistedIndex, position.index);
}

/** Forgets entries in memory that are persisted and at or below `index`; they stay readable through the reader. */
export function releaseMemory(log: RaftLog, index: LogIndex): void {
  const upTo = Math.min(index, log.persistedIndex);
  if (upTo < log.tailFirst) return;
  log.tail.splice(0, upTo - log.tailFirst + 1);
  log.tailFirst = upTo + 1;
}

/** The prefix up to `position` is gone from storage. */
export function markCompacted(log: RaftLog, position: LogPosition): void {
  assert(position.index >= log.base.index, "compaction only moves on");
  assert(position.index <= log.persistedIndex, "only what is persisted is compacted");
  releaseMemory(log, position.index);
  log.base = position;
}

/** A snapshot took the place of all entries: the log begins, empty, after `position`. */
export function resetLog(log: RaftLog, position: LogPosition): void {
  log.base = position;
  log.tail = [];
  log.tailFirst = position.index + 1;
  log.persistedIndex = position.index;
  log.handedIndex = position.index;
  log.truncateFrom = null;
}

/** Is a log that ends at `theirs` at least as complete as ours (§5.4.1)? */
export function isUpToDate(log: RaftLog, theirs: LogPosition): boolean {
  const ours = lastPosition(log);
  return theirs.term > ours.term || (theirs.term === ours.term && theirs.index >= ours.index);
}
