import { describe, expect, it } from "vitest";
import type { SqlValue } from "../../shared/state/sql.ts";
import { memorySql } from "./memory-sql.ts";

describe("memorySql", () => {
  it("gives back what was written and rolls a failed transaction back", () => {
    const sql = memorySql();
    sql.exec("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER, b BLOB) WITHOUT ROWID");
    sql.transaction(() => sql.exec("INSERT INTO t VALUES (?, ?, ?)", "a", 1, new Uint8Array([7])));
    expect(() =>
      sql.transaction(() => {
        sql.exec("INSERT INTO t VALUES ('b', 2, NULL)");
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(sql.exec("SELECT * FROM t")).toEqual([{ k: "a", v: 1, b: new Uint8Array([7]) }]);
  });

  it("refuses what a Durable Object would refuse or bend", () => {
    const sql = memorySql();
    for (const value of [true, 1n, 2 ** 60, undefined]) {
      expect(() => sql.exec("SELECT ?", value as unknown as SqlValue)).toThrow("cannot bind");
    }
    expect(() => sql.transaction(() => sql.transaction(() => 1))).toThrow("does not nest");
  });

  it("undoes a savepoint alone", () => {
    const sql = memorySql();
    sql.exec("CREATE TABLE t (a INTEGER)");
    sql.transaction(() => {
      sql.exec("INSERT INTO t VALUES (1)");
      expect(() =>
        sql.savepoint(() => {
          sql.exec("INSERT INTO t VALUES (2)");
          throw new Error("undo");
        }),
      ).toThrow("undo");
      expect(sql.savepoint(() => sql.exec("INSERT INTO t VALUES (3) RETURNING a"))).toEqual([{ a: 3 }]);
    });
    expect(sql.exec("SELECT a FROM t")).toEqual([{ a: 1 }, { a: 3 }]);
    expect(() => sql.savepoint(() => 1)).toThrow("needs a transaction");
  });
});
