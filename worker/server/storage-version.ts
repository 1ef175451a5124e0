// The form of a server's whole database, raft's rows and the state: a release that does not know it must not read it,
// for it would not see what the newer one says only in its own way, and could apply or vote twice.
//
//   1  no row: releases before this file
//   2  what was applied may be said by the log and the keys alone (decision 0050); rows of the log end with a checksum

import type { Sql } from "../../shared/state/sql.ts";

/** Raised when an older release would misread what this one writes; the list above says why. */
export const storageVersion = 2;

/**
 * Before anything else is read: refuses (throws, with what to do) a database of a newer form and writes nothing then;
 * an older one is of this release's form from now on, for what reads it brings it there.
 */
export function checkStorageVersion(sql: Sql): void {
  const [table] = sql.exec("SELECT 1 AS found FROM sqlite_master WHERE name = 'storage_version'");
  const [row] = table === undefined ? [] : sql.exec("SELECT version FROM storage_version WHERE id = 1");
  const found = Number(row?.version ?? 1);
  if (found === storageVersion) return;
  if (!(found < storageVersion)) {
    throw new Error(
      `this database was written by a newer release (form ${String(row?.version)}; this one knows up to ${storageVersion}), ` +
        "so this server neither votes nor answers and has changed nothing: start the newer release again. To go back, take " +
        "a snapshot with it, and restore that into servers of the older release that begin with empty data directories",
    );
  }
  sql.transaction(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS storage_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
    sql.exec("INSERT OR REPLACE INTO storage_version (id, version) VALUES (1, ?)", storageVersion);
  });
}
