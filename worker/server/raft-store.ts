// Raft's rows: hard state (one row), the log (one row per persisted batch), how far it was applied (one row), and the
// configurations that are in the log or right below its start (a row each).
//
// Rows written are billed, so how far is not written where the state shows it (decision 0050): when the last entry of a
// batch changed a key, the key carries its index (fsm/kv-evidence.ts), and the kv table's index waits in memory. Every
// few hundred entries, and before anything else needs it, that is written, and says as much (lastKvEntry).
//
//   raft_log             first_index | last_index | entries: JSON [[term, command], …], one pair per index, and a checksum
//   raft_configurations  log_index | configuration: JSON; 0 is what the group was bootstrapped with
//
// Rows hold at most rowCharsMax characters (a row may hold 2 MB), unless one single entry is bigger.

import { assert } from "../../shared/base/assert.ts";
import type { LogReader } from "../../shared/raft/log.ts";
import type { Restored } from "../../shared/raft/state.ts";
import { checkConfiguration, configurationOfEntry } from "../../shared/raft/membership.ts";
import type {
  Configuration,
  Entry,
  HardState,
  IndexedConfiguration,
  LogIndex,
  LogPosition,
  PersistBatch,
  ServerId,
  SnapshotCut,
} from "../../shared/raft/types.ts";
import { showsItself } from "../../shared/fsm/kv-evidence.ts";
import type { HeldIndexes } from "../../shared/state/held-indexes.ts";
import { kvTableIndex, writeIndexStatement } from "../../shared/state/indexes.ts";
import { lastKvEntry } from "../../shared/state/restore.ts";
import { restoreRows, snapshotRows } from "../../shared/state/snapshot.ts";
import type { Sql } from "../../shared/state/sql.ts";
import {
  appliedByEvidence,
  decodeRow,
  encodeEntries,
  type LogRow,
  readConfigurations,
  restoreRaft,
} from "./raft-restore.ts";
import { createSnapshotStore } from "./snapshot-store.ts";

const rowCharsMax = 600_000;
/** How far the log may have been applied beyond what a row says: a restart looks at as many entries. */
const unsaidEntriesMax = 256;

const tables = [
  `CREATE TABLE IF NOT EXISTS raft_hard (id INTEGER PRIMARY KEY, term INTEGER NOT NULL, voted_for TEXT,
   leader_term INTEGER NOT NULL, incarnation INTEGER NOT NULL, commit_index INTEGER NOT NULL,
   base_index INTEGER NOT NULL, base_term INTEGER NOT NULL,
   leader_incarnation INTEGER NOT NULL DEFAULT 0, may_serve_reads INTEGER NOT NULL DEFAULT 0,
   epoch INTEGER NOT NULL DEFAULT 0, cluster TEXT NOT NULL DEFAULT '')`,
  `CREATE TABLE IF NOT EXISTS raft_log (first_index INTEGER PRIMARY KEY, last_index INTEGER NOT NULL,
   entries TEXT NOT NULL)`,
  "CREATE TABLE IF NOT EXISTS raft_applied (id INTEGER PRIMARY KEY, applied_index INTEGER NOT NULL)",
  `CREATE TABLE IF NOT EXISTS raft_configurations (log_index INTEGER PRIMARY KEY,
   configuration TEXT NOT NULL)`,
];

/** The configuration of a server that begins alone is the work of term 1, as in Consul: it first leads in term 2. */
function beginAlone(sql: Sql): void {
  sql.exec(
    `INSERT OR IGNORE INTO raft_hard (id, term, leader_term, incarnation, commit_index, base_index, base_term)
     VALUES (1, 1, 0, 0, 0, 0, 0)`,
  );
}

/** All of the replicated state, as the store moves it: shared/state/snapshot.ts, except in tests. */
export type StateRows = {
  /** The state as it is, in chunks. */
  snapshot(sql: Sql): Iterable<string>;
  /** Replaces the state; inside the caller's transaction. */
  restore(sql: Sql, chunks: Iterable<string>): void;
};

export type RaftStore = {
  /** What a restart needs: hard state, positions and the log's tail. */
  restore(): Restored;
  /** Writes one batch; durable when it returns, as far as the host's Sql is. */
  persist(batch: PersistBatch): void;
  /** Inside the caller's transaction, after all that applying wrote up to this entry, which changed these watch keys. */
  setApplied(last: Entry, changed: readonly string[]): void;
  /** Drops whole rows that end at or below `upTo`; the new start of the log, or null when no row does. */
  compact(upTo: LogIndex): LogPosition | null;
  /**
   * Begins to copy the state as it is applied up to `last`: nothing is applied until that is complete. False: not yet,
   * for a server that joined does not know the configuration at `last` before it has applied its own coming.
   */
  beginSnapshot(last: LogPosition): boolean;
  isCutting(): boolean;
  /** Copies the next portion; the cut when that was the last. */
  continueSnapshot(): SnapshotCut | null;
  dropSnapshot(): void;
  readonly reader: LogReader;
};

/**
 * The store over the tables of `sql`, which are created if need be. `initial` is the configuration of a group whose
 * servers are listed in their settings; it is written down at the first start and not looked at any more after that.
 */
export function createRaftStore(
  sql: HeldIndexes,
  self: ServerId,
  initial: Configuration | null = null,
  rows: StateRows = { snapshot: snapshotRows, restore: restoreRows },
): RaftStore {
  for (const statement of tables) sql.exec(statement);
  const snapshots = createSnapshotStore(sql, self);
  addMissingColumns(sql);
  if (initial !== null && sql.exec("SELECT log_index FROM raft_configurations LIMIT 1").length === 0) {
    writeConfiguration(sql, { index: 0, configuration: initial });
    if (initial.servers.length === 1) beginAlone(sql);
  }
  // Catching up a follower reads rows in order, several times each when a message does not fit a whole row.
  let cached: LogRow | null = null;

  const rowAt = (index: LogIndex): LogRow => {
    if (cached !== null && index >= cached.first && index < cached.first + cached.entries.length)
      return cached;
    const [row] = sql.exec(
      "SELECT first_index, entries FROM raft_log WHERE first_index <= ? ORDER BY first_index DESC LIMIT 1",
      index,
    );
    assert(row !== undefined, `the log holds entry ${index}`);
    cached = decodeRow(row);
    assert(index < cached.first + cached.entries.length, `the log holds entry ${index}`);
    return cached;
  };

  const reader: LogReader = {
    entries(from, to, bytesMax) {
      const found: Entry[] = [];
      for (let index = from, bytes = 0; index <= to; ) {
        const row = rowAt(index);
        for (const entry of row.entries.slice(index - row.first)) {
          bytes += entry.command.length + 24;
          if (entry.index > to || (found.length > 0 && bytes > bytesMax)) return found;
          found.push(entry);
        }
        index = row.first + row.entries.length;
      }
      return found;
    },
  };

  const truncate = (from: LogIndex): void => {
    const [row] = sql.exec(
      "SELECT first_index, entries FROM raft_log WHERE first_index < ? AND last_index >= ?",
      from,
      from,
    );
    sql.exec("DELETE FROM raft_log WHERE first_index >= ?", from);
    sql.exec("DELETE FROM raft_configurations WHERE log_index >= ?", from);
    if (row === undefined) return;
    const { first, entries } = decodeRow(row);
    const kept = entries.slice(0, from - first);
    sql.exec(
      "UPDATE raft_log SET last_index = ?, entries = ? WHERE first_index = ?",
      from - 1,
      encodeEntries(first, kept),
      first,
    );
  };

  /** Raft alone, as some tests have it, is without the state's tables. */
  const hasState = sql.exec("SELECT 1 AS found FROM sqlite_master WHERE name = 'indexes'").length > 0;
  const appliedByState = (): LogIndex => (hasState ? lastKvEntry(sql) : 0);
  /** Up to where rows say that the log is applied, without a look at the log. */
  let said: LogIndex = 0;

  const say = (index: LogIndex): void => {
    sql.exec(
      `INSERT INTO raft_applied VALUES (1, ?)
       ON CONFLICT (id) DO UPDATE SET applied_index = excluded.applied_index`,
      index,
    );
    said = index;
  };

  const setApplied = ({ index, command }: Entry, changed: readonly string[]): void => {
    const isShown = hasState && index - said < unsaidEntriesMax && showsItself(command, changed);
    sql.flush(isShown ? kvTableIndex : undefined);
    if (isShown) return;
    if (appliedByState() === index) said = index;
    else say(index);
  };

  /** Before entries go from the log that would have to tell the kv table's index. */
  const sayIndexes = (): void => {
    sql.flush();
    said = Math.max(said, appliedByState());
  };

  const restore = (): Restored => {
    const restored = restoreRaft(sql, reader, snapshots, appliedByState());
    said = restored.appliedIndex;
    if (!hasState) return restored;
    const { applied, kvTable } = appliedByEvidence(sql, reader, said, restored.lastIndex, unsaidEntriesMax);
    if (kvTable !== null) sql.exec(writeIndexStatement, kvTableIndex, kvTable); // held, as before
    return { ...restored, appliedIndex: applied };
  };

  const install = ({ last, configuration }: NonNullable<PersistBatch["install"]>): void => {
    rows.restore(sql, snapshots.staged());
    snapshots.clear();
    sql.exec("DELETE FROM raft_log");
    sql.exec("DELETE FROM raft_configurations");
    writeConfiguration(sql, configuration);
    setBase(sql, last);
    // In any case: a server that was left behind by a recovery may have applied more than it is given.
    say(last.index);
  };

  return {
    reader,
    setApplied,
    beginSnapshot(last) {
      const configuration = readConfigurations(sql).findLast((it) => it.index <= last.index);
      if (configuration === undefined) return false;
      snapshots.begin(last, configuration, rows.snapshot(sql));
      return true;
    },
    isCutting: () => snapshots.isCutting(),
    continueSnapshot: () => snapshots.next(),
    dropSnapshot: () => snapshots.drop(),
    restore,
    persist(batch) {
      cached = null;
      sql.transaction(() => {
        if (batch.hard !== null) writeHard(sql, batch.hard);
        if (batch.bootstrap !== null) writeConfiguration(sql, { index: 0, configuration: batch.bootstrap });
        if (batch.truncateFrom !== null) truncate(batch.truncateFrom);
        for (const entry of batch.append) {
          const found = configurationOfEntry(entry);
          if (found !== null) writeConfiguration(sql, found);
        }
        for (const entries of splitIntoRows(batch.append)) {
          const first = entries[0]?.index ?? 0;
          const last = first + entries.length - 1;
          sql.exec("INSERT INTO raft_log VALUES (?, ?, ?)", first, last, encodeEntries(first, entries));
        }
        if (batch.stage !== null) snapshots.stage(batch.stage);
        if (batch.install !== null) install(batch.install);
      });
    },
    compact(upTo) {
      const [row] = sql.exec(
        "SELECT first_index, entries FROM raft_log WHERE last_index <= ? ORDER BY first_index DESC LIMIT 1",
        upTo,
      );
      if (row === undefined) return null;
      const last = decodeRow(row).entries.at(-1);
      assert(last !== undefined, "a row of the log holds entries");
      cached = null;
      sql.transaction(() => {
        sayIndexes();
        sql.exec("DELETE FROM raft_log WHERE first_index <= ?", last.index);
        dropConfigurationsBelow(sql, last.index);
        setBase(sql, last);
      });
      return { index: last.index, term: last.term };
    },
  };
}

/** Databases of older releases know nothing of superseded instances, recoveries and names of clusters. */
function addMissingColumns(sql: Sql): void {
  const [table] = sql.exec("SELECT sql FROM sqlite_master WHERE name = 'raft_hard'");
  const integer = "INTEGER NOT NULL DEFAULT 0";
  for (const [column, type] of [
    ["leader_incarnation", integer],
    ["may_serve_reads", integer],
    ["epoch", integer],
    ["cluster", "TEXT NOT NULL DEFAULT ''"],
  ] as const) {
    if (!String(table?.sql).includes(column)) sql.exec(`ALTER TABLE raft_hard ADD COLUMN ${column} ${type}`);
  }
}

function writeConfiguration(sql: Sql, { index, configuration }: IndexedConfiguration): void {
  assert(checkConfiguration(configuration) !== null, "a configuration that is written can be read again");
  sql.exec("INSERT INTO raft_configurations VALUES (?, ?)", index, JSON.stringify(configuration));
}

/** Keeps the one that is in force at `base`. */
function dropConfigurationsBelow(sql: Sql, base: LogIndex): void {
  const [row] = sql.exec(
    "SELECT max(log_index) AS newest FROM raft_configurations WHERE log_index <= ?",
    base,
  );
  if (typeof row?.newest === "number") {
    sql.exec("DELETE FROM raft_configurations WHERE log_index < ?", row.newest);
  }
}

/** The log begins after this; the row of the hard state is there by then. */
function setBase(sql: Sql, { index, term }: LogPosition): void {
  sql.exec("UPDATE raft_hard SET base_index = ?, base_term = ? WHERE id = 1", index, term);
}

function writeHard(sql: Sql, hard: HardState): void {
  sql.exec(
    `INSERT INTO raft_hard (id, term, voted_for, leader_term, incarnation, commit_index, base_index, base_term,
     leader_incarnation, may_serve_reads, epoch, cluster) VALUES (1, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
     term = excluded.term, voted_for = excluded.voted_for, leader_term = excluded.leader_term,
     incarnation = excluded.incarnation, commit_index = excluded.commit_index,
     leader_incarnation = excluded.leader_incarnation, may_serve_reads = excluded.may_serve_reads,
     epoch = excluded.epoch, cluster = excluded.cluster`,
    ...[hard.term, hard.votedFor, hard.leaderTerm, hard.incarnation, hard.commitIndex],
    ...[hard.leaderIncarnation, hard.mayServeReads ? 1 : 0, hard.epoch, hard.cluster],
  );
}

function splitIntoRows(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const rows: Entry[][] = [];
  let chars = 0;
  for (const entry of entries) {
    const row = rows.at(-1);
    if (row === undefined || chars + entry.command.length > rowCharsMax) {
      rows.push([entry]);
      chars = entry.command.length;
    } else {
      row.push(entry);
      chars += entry.command.length;
    }
  }
  return rows;
}
