// Rows of snapshots: the cut that this server's followers are served from, and the one that it is receiving itself.
//
//   raft_snapshots        kind ("taken", "receiving") | last_index | last_term | configuration_index | configuration |
//                         source (whose cut it is) | chunks
//   raft_snapshot_chunks  kind, number | data
//
// A cut is copied in portions, a turn each, and nothing is applied to the state in between, so that it is consistent;
// the caller sees to that. It costs one row for each chunk of 256 KiB to make and one to drop, and its size on disk in
// between; nothing is written for state that nobody needs.

import { assert } from "../../shared/base/assert.ts";
import { parseConfiguration } from "../../shared/raft/membership.ts";
import type {
  LogPosition,
  IndexedConfiguration,
  ReceivedSnapshot,
  ServerId,
  SnapshotCut,
  StagedChunk,
} from "../../shared/raft/types.ts";
import type { Sql } from "../../shared/state/sql.ts";

const tables = [
  `CREATE TABLE IF NOT EXISTS raft_snapshots (kind TEXT NOT NULL, last_index INTEGER NOT NULL,
   last_term INTEGER NOT NULL, configuration_index INTEGER NOT NULL, configuration TEXT NOT NULL,
   source TEXT NOT NULL, chunks INTEGER NOT NULL, PRIMARY KEY (kind)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS raft_snapshot_chunks (kind TEXT NOT NULL, number INTEGER NOT NULL,
   data TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID`,
];

type Kind = "taken" | "receiving";

/** Chunks of one portion: 2 MB, a few tens of milliseconds. */
const portionChunks = 8;

type Cutting = {
  readonly last: LogPosition;
  readonly configuration: IndexedConfiguration;
  readonly chunks: Iterator<string>;
  written: number;
};

export type SnapshotStore = {
  /** The cut in storage, and what is staged of another server's; nulls when there is none. */
  restore(): { readonly taken: SnapshotCut | null; readonly receiving: ReceivedSnapshot | null };
  /** A chunk of this server's own cut; null when there is none. */
  chunk(number: number): string | null;
  /** Begins a cut, in place of an older one: the state is `chunks`, and must not change until the cut is complete. */
  begin(last: LogPosition, configuration: IndexedConfiguration, chunks: Iterable<string>): void;
  /** Is a cut begun and not complete? */
  isCutting(): boolean;
  /** Copies the next portion; the cut when that was the last. */
  next(): SnapshotCut | null;
  /** Drops this server's own cut. */
  drop(): void;
  /** Inside the caller's transaction. */
  stage(staged: StagedChunk): void;
  /** All that is staged, in order; read one by one. */
  staged(): Iterable<string>;
  /** Forgets all snapshots; inside the caller's transaction. */
  clear(): void;
};

/** The store over the tables of `sql`, which are created if need be. */
export function createSnapshotStore(sql: Sql, self: ServerId): SnapshotStore {
  for (const statement of tables) sql.exec(statement);
  let cutting: Cutting | null = null;

  const read = (kind: Kind): (SnapshotCut & { readonly source: ServerId }) | null => {
    const [row] = sql.exec("SELECT * FROM raft_snapshots WHERE kind = ?", kind);
    if (row === undefined) return null;
    const configuration = parseConfiguration(String(row.configuration));
    assert(configuration !== null, "the configuration of a snapshot can be read");
    return {
      last: { index: Number(row.last_index), term: Number(row.last_term) },
      configuration: { index: Number(row.configuration_index), configuration },
      source: String(row.source) as ServerId,
      chunks: Number(row.chunks),
    };
  };

  const write = (kind: Kind, cut: SnapshotCut, source: ServerId): void => {
    const { last, configuration } = cut;
    sql.exec(
      "INSERT INTO raft_snapshots VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[kind, last.index, last.term, configuration.index],
      ...[JSON.stringify(configuration.configuration), source, cut.chunks],
    );
  };

  const remove = (kind: Kind): void => {
    sql.exec("DELETE FROM raft_snapshots WHERE kind = ?", kind);
    sql.exec("DELETE FROM raft_snapshot_chunks WHERE kind = ?", kind);
  };

  const chunkOf = (kind: Kind, number: number): string | null => {
    const [row] = sql.exec(
      "SELECT data FROM raft_snapshot_chunks WHERE kind = ? AND number = ?",
      kind,
      number,
    );
    return row === undefined ? null : String(row.data);
  };

  return {
    restore() {
      const taken = read("taken");
      if (taken === null && chunkOf("taken", 0) !== null) sql.transaction(() => remove("taken"));
      const receiving = read("receiving");
      if (receiving === null) return { taken, receiving };
      // Chunks are staged in order, so their number says where the transfer goes on.
      const [row] = sql.exec(
        "SELECT max(number) AS newest FROM raft_snapshot_chunks WHERE kind = 'receiving'",
      );
      return { taken, receiving: { ...receiving, next: Number(row?.newest ?? -1) + 1 } };
    },
    // Chunks of a cut that is being replaced must not pass for those of the older one.
    chunk: (number) => (cutting === null ? chunkOf("taken", number) : null),
    begin(last, configuration, chunks) {
      sql.transaction(() => remove("taken"));
      cutting = { last, configuration, chunks: chunks[Symbol.iterator](), written: 0 };
    },
    isCutting: () => cutting !== null,
    next() {
      assert(cutting !== null, "a cut was begun");
      const { last, configuration, chunks } = cutting;
      const end = cutting.written + portionChunks;
      let number = cutting.written;
      let isDone = false;
      sql.transaction(() => {
        while (number < end && !isDone) {
          const found = chunks.next();
          if (found.done === true) {
            isDone = true;
          } else {
            sql.exec("INSERT INTO raft_snapshot_chunks VALUES ('taken', ?, ?)", number, found.value);
            number += 1;
          }
        }
        // Only with this row do the chunks count; without it, after a crash, they are removed.
        if (isDone) write("taken", { last, configuration, chunks: number }, self);
      });
      cutting.written = number;
      if (!isDone) return null;
      cutting = null;
      return { last, configuration, chunks: number };
    },
    drop() {
      cutting = null;
      sql.transaction(() => remove("taken"));
    },
    stage({ receiving, number, data }) {
      if (number === 0) {
        remove("receiving");
        write("receiving", receiving, receiving.source);
      }
      sql.exec("INSERT INTO raft_snapshot_chunks VALUES ('receiving', ?, ?)", number, data);
    },
    *staged() {
      for (let number = 0; ; number += 1) {
        const data = chunkOf("receiving", number);
        if (data === null) return;
        yield data;
      }
    },
    clear() {
      remove("taken");
      remove("receiving");
    },
  };
}
