import { describe, expect, it } from "vitest";
import { createTables, schemaVersion, tables } from "../../../shared/state/schema.ts";
import { memorySql } from "../../support/memory-sql.ts";

describe("the schema", () => {
  it("creates every table, and creating again changes nothing", () => {
    const sql = memorySql();
    createTables(sql);
    createTables(sql);
    const names = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").map((row) => row.name);
    expect(names.sort()).toEqual(tables.map((table) => table.name).sort());
    expect(sql.exec("SELECT version FROM state_version")).toEqual([{ version: schemaVersion }]);
  });

  it("refuses what a newer release has written", () => {
    const sql = memorySql();
    createTables(sql);
    sql.exec("UPDATE state_version SET version = ?", schemaVersion + 1);
    expect(() => createTables(sql)).toThrow("broken invariant");
  });

  it("searches by primary key or index, without sorting, wherever an answer does not need a whole table", () => {
    const sql = memorySql();
    createTables(sql);
    const plan = (statement: string, ...bindings: string[]) =>
      sql
        .exec(`EXPLAIN QUERY PLAN ${statement}`, ...bindings)
        .map((row) => String(row.detail))
        .join("; ");
    for (const statement of [
      "SELECT * FROM kv WHERE key >= ? AND key < ? ORDER BY key",
      "SELECT s.body, n.body FROM services s JOIN nodes n ON n.node_key = s.node_key WHERE s.name_key = ? AND ? <> '' ORDER BY s.node_key, s.id_key",
      "SELECT c.body FROM services s JOIN checks c ON c.node_key = s.node_key WHERE s.name_key = ? AND (c.service_key = ? OR c.service_key = s.id_key)",
      "SELECT * FROM nodes WHERE id_key = ? AND id_key <> '' AND ? <> ''",
    ]) {
      const text = plan(statement, "a", "b");
      expect(text).toMatch(/^SEARCH/);
      expect(text).not.toMatch(/SCAN|TEMP B-TREE/);
    }
  });
});
