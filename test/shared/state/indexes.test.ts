import { describe, expect, it } from "vitest";
import {
  answerIndex,
  dropIndex,
  raise,
  setIndex,
  stateTransaction,
  storedIndex,
  touch,
} from "../../../shared/state/indexes.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { memorySql } from "../../support/memory-sql.ts";

describe("indexes", () => {
  it("are stored for what is gone, once per entry, and only remembered for what a row shows", () => {
    const sql = memorySql();
    createTables(sql);
    const entry = stateTransaction(sql, 7);
    raise(entry, "node:a");
    const before = sql.statements();
    raise(entry, "node:a");
    touch(entry, "nodes:");
    expect(sql.statements()).toBe(before);
    setIndex(entry, "hidden");
    expect([...entry.changed]).toEqual(["node:a", "nodes:"]);
    expect(storedIndex(sql, "node:a", "none")).toBe(7);
    dropIndex(entry, "node:a");
    expect(storedIndex(sql, "node:a")).toBe(0);
    raise(entry, "node:a");
    expect(storedIndex(sql, "node:a")).toBe(7);
  });

  it("of an answer are never 0", () => {
    expect(answerIndex(0, 0)).toBe(1);
    expect(answerIndex(3, 5)).toBe(5);
  });
});
