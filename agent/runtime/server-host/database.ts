// The database file of a server under the data directory, and what to do when it cannot be used.

import { join } from "node:path";
import { makeDirectory } from "../make-directory.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type HostSql, openSql } from "./sql.ts";

/** Where a server keeps its database, under the data directory. */
const directory = "server";
const databaseFile = "server.sqlite";

/** "" is in memory. The error is one line with what to do. */
export function openDatabase(dataDir: string): Result<HostSql, string> {
  try {
    if (dataDir === "") return ok(openSql(":memory:"));
    makeDirectory(join(dataDir, directory));
    return ok(openSql(join(dataDir, directory, databaseFile)));
  } catch (error) {
    return fail(databaseText(dataDir, error));
  }
}

/** One line with what to do. */
export function databaseText(dataDir: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const path = join(dataDir, directory, databaseFile);
  if (/database is locked/.test(text))
    return `another server uses the data directory ${dataDir}: end it, or choose another with -data-dir`;
  if (/not a database|malformed|corrupt/.test(text))
    return (
      `the server's database ${path} is damaged (${text}), so this server neither votes nor answers: remove it from its group ` +
      "(operator raft remove-peer), move its whole data directory away and let it join again, or, if it was alone, start it " +
      "empty and restore a snapshot; an older copy of the directory would have forgotten what this server promised"
    );
  return `the server's database ${dataDir === "" ? "in memory" : path} cannot be used: ${text}`;
}
