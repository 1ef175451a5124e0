// The state as chunks of rows, and back.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { createTables, schemaVersion, tables } from "../../../shared/state/schema.ts";
import { chunkCharsMax, parseChunk, restoreRows, snapshotRows } from "../../../shared/state/snapshot.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import type { KvOperation } from "../../../shared/structs/kv.ts";
import { memorySql } from "../../support/memory-sql.ts";

const flags = "18446744073709551615" as U64;

function stateOf(operations: readonly KvOperation[]): Sql {
  const sql = memorySql();
  createTables(sql);
  operations.forEach((operation, at) => {
    applyCommand(sql, at + 2, encodeCommand({ kind: "kv", operation }));
  });
  return sql;
}
const set = (key: string, value: string | null = "eA=="): KvOperation => ({ verb: "set", key, value, flags });
const dump = (sql: Sql) => tables.map(({ name }) => sql.exec(`SELECT * FROM ${name}`));
const restored = (chunks: Iterable<string>): Sql => {
  const sql = stateOf([set("old"), { verb: "delete", key: "old" }, set("older")]);
  sql.transaction(() => restoreRows(sql, chunks));
  return sql;
};

describe("a snapshot", () => {
  it("carries every row, tombstones and index bookkeeping included, and replaces what was there", () => {
    const sql = stateOf([
      set("a"),
      set("b/\u{1f600}", null),
      set("gone"),
      { verb: "delete", key: "gone" },
      { verb: "delete-tree", key: "b/" },
      set("c'\"\u0000"),
    ]);
    expect(sql.exec("SELECT * FROM tombstones")).not.toEqual([]);
    expect(sql.exec("SELECT * FROM indexes")).not.toEqual([]);
    expect(dump(restored(snapshotRows(sql)))).toEqual(dump(sql));
  });

  it("comes in chunks that are bounded by their size, however many rows there are, and equal for equal states", () => {
    const value = "A".repeat(30_000);
    const operations = Array.from({ length: 200 }, (_, n) => set(`k${n % 150}`, value));
    const chunks = [...snapshotRows(stateOf(operations))];
    expect(chunks.length).toBeGreaterThan(15);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(chunkCharsMax + 31_000);
    expect([...snapshotRows(restored(chunks))]).toEqual(chunks);
  });

  it("gives a row of the largest value a chunk to itself", () => {
    const big = "A".repeat(699_048);
    const chunks = [...snapshotRows(stateOf([set("a", big), set("b", big)]))];
    const sizes = chunks.map((chunk) => chunk.length).filter((size) => size > chunkCharsMax);
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThan(800_000);
  });

  it("of a newer release, or broken, is refused with what is wrong", () => {
    const [version, ...rest] = [...snapshotRows(stateOf([set("a")]))] as [string, ...string[]];
    const problem = (text: string): string => {
      const parsed = parseChunk(text);
      return parsed.ok ? "" : parsed.error;
    };
    expect([version, ...rest].map(problem)).toEqual(["", ...rest.map(() => "")]);
    expect(problem("{")).toContain("JSON");
    expect(problem("7")).toContain("object");
    expect(problem('{"table":"future","columns":[],"rows":[]}')).toContain("newer release");
    expect(problem('{"table":"kv","columns":["key","colour"],"rows":[]}')).toContain("other columns");
    expect(problem('{"table":"kv","columns":["key"],"rows":[[1,2]]}')).toContain("row of kv");
    expect(problem('{"table":"kv","columns":["key"],"rows":[[{}]]}')).toContain("row of kv");
    expect(problem('{"table":"kv","columns":["key"],"rows":[[null]]}')).toContain("row of kv");
    const newer = `{"table":"state_version","columns":["id","version"],"rows":[[1,${schemaVersion + 1}]]}`;
    expect(problem(newer)).toContain("newer release");
    const noNumber = '{"table":"indexes","columns":["name","value"],"rows":[["kv-table","zzz"]]}';
    expect(problem(noNumber)).toBe("a row of indexes cannot be read");
  });

  it("that cannot be read leaves the old state as it was", () => {
    const sql = stateOf([set("a"), set("b")]);
    const before = dump(sql);
    const chunks = [...snapshotRows(stateOf([set("new")]))];
    for (const broken of [[...chunks, "{"], chunks.slice(1), []]) {
      expect(() => sql.transaction(() => restoreRows(sql, broken))).toThrow("snapshot");
      expect(dump(sql)).toEqual(before);
    }
  });
});
