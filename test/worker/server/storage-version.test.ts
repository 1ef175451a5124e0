// A database of a newer release is refused before anything is read or written; an older one is taken over.

import { describe, expect, it } from "vitest";
import { createServer } from "../../../worker/server/server.ts";
import { checkStorageVersion, storageVersion } from "../../../worker/server/storage-version.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { memorySql } from "../../support/memory-sql.ts";

const versionOf = (sql: ReturnType<typeof memorySql>) => sql.exec("SELECT version FROM storage_version");

describe("the form of a database", () => {
  it("is written down once, and an older one is of this release's form from then on", () => {
    const sql = memorySql();
    checkStorageVersion(sql);
    const rows = sql.rowsWritten();
    checkStorageVersion(sql);
    expect(sql.rowsWritten()).toBe(rows);
    sql.exec("UPDATE storage_version SET version = 1");
    checkStorageVersion(sql);
    expect(versionOf(sql)).toEqual([{ version: storageVersion }]);
  });

  it("is refused with what to do when it is newer, or no number: the server does not start and writes nothing", async () => {
    for (const version of [storageVersion + 1, 999, "x"]) {
      const cluster = new MemoryCluster(1);
      await cluster.leader();
      const [{ sql }] = cluster.hosts as [(typeof cluster.hosts)[0]];
      sql.exec("UPDATE storage_version SET version = ?", version);
      const rows = sql.rowsWritten();
      const start = () => createServer({ sql } as never, { id: "server-1" } as never);
      expect(start).toThrow("written by a newer release");
      expect(start).toThrow(
        "neither votes nor answers and has changed nothing: start the newer release again",
      );
      expect(sql.rowsWritten()).toBe(rows);
    }
  });
});
