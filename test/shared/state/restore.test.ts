// A user's snapshot through the log and back into the state.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import {
  archiveRows,
  archiveTables,
  logOffset,
  pieceCharsMax,
  restorePieces,
} from "../../../shared/state/restore.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { kvGet } from "../../../shared/state/kv.ts";
import { everything } from "../../../shared/state/watch-keys.ts";
import { memorySql } from "../../support/memory-sql.ts";

const flags = "0" as U64;

function group(first = 1) {
  const sql = memorySql();
  createTables(sql);
  let index = first;
  return {
    sql,
    apply(command: Command) {
      index += 1;
      return sql.transaction(() => applyCommand(sql, index, encodeCommand(command)));
    },
    set(key: string, value: string) {
      return this.apply({ kind: "kv", operation: { verb: "set", key, value, flags } });
    },
    dump: () => archiveTables.map(({ name }) => sql.exec(`SELECT * FROM ${name}`)),
    last: () => index,
  };
}
type Group = ReturnType<typeof group>;

function restore(into: Group, chunks: Iterable<string>, id = "r1") {
  let pieces = 0;
  for (const piece of restorePieces(id, chunks)) {
    into.apply({ kind: "restorePiece", piece });
    pieces += 1;
  }
  return into.apply({ kind: "restoreCommit", commit: { id, pieces } });
}

describe("a restore", () => {
  it("brings back everything that was there, and nothing that was not, with the indexes of then", () => {
    const source = group();
    source.set("a", "eA==");
    source.set("b", "eQ==");
    const chunks = [...archiveRows(source.sql)];
    const before = source.dump();
    for (let n = 0; n < 20; n += 1) source.set(`later${n}`, "eg==");
    const outcome = restore(source, chunks);
    expect(outcome).toEqual({ result: { ok: true, value: true }, changed: [everything] });
    expect(logOffset(source.sql)).toBe(0);
    expect(source.dump()).toEqual(before);
    expect(source.sql.exec("SELECT * FROM restore_pieces")).toEqual([]);
  });

  it("into a younger group lets its indexes count on from those of the snapshot", () => {
    const old = group(90_000);
    old.set("a", "eA==");
    const young = group();
    young.set("mine", "eA==");
    restore(young, archiveRows(old.sql));
    expect(kvGet(young.sql, "a").value).toMatchObject({ ModifyIndex: 90_001 });
    expect(kvGet(young.sql, "mine").value).toBeNull();
    young.set("a", "eQ==");
    expect(kvGet(young.sql, "a").value).toMatchObject({ CreateIndex: 90_001, ModifyIndex: 90_003 });
    expect(young.last()).toBeLessThan(10);
    restore(young, archiveRows(old.sql), "r2");
    young.set("b", "eQ==");
    expect(kvGet(young.sql, "b").index).toBeGreaterThan(90_003); // no index comes twice
  });

  it("leaves everything as it is when a piece is missing, unreadable, of a newer release or of another restore", () => {
    const source = group();
    for (let n = 0; n < 10; n += 1) source.set(`k${n}`, "A".repeat(100_000));
    const chunks = [...archiveRows(source.sql)];
    const target = group();
    target.set("mine", "eA==");
    const before = target.dump();
    const pieces = [...restorePieces("r", chunks)];
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map((piece) => piece.data.length))).toBeLessThanOrEqual(pieceCharsMax);
    const attempt = (list: readonly (typeof pieces)[number][], count = list.length, id = "r") => {
      target.sql.exec("DELETE FROM restore_pieces");
      for (const piece of list) target.apply({ kind: "restorePiece", piece });
      const { result, changed } = target.apply({ kind: "restoreCommit", commit: { id, pieces: count } });
      expect(changed).toEqual([]);
      expect(target.dump()).toEqual(before);
      return result.ok ? "restored" : String(result.error.args[0]);
    };
    expect(attempt(pieces.slice(1), pieces.length)).toContain("parts are there");
    const cut = pieces.findIndex((piece) => !piece.ends) + 1;
    expect(attempt(pieces.slice(0, cut))).toContain("JSON");
    expect(attempt(pieces, pieces.length, "other")).toContain("0 of");
    expect(attempt(pieces.slice(0, 0), 0)).toContain("parts are there");
    expect(attempt(pieces.map((piece) => ({ ...piece, data: piece.data.replace("kv", "kw") })))).toContain(
      "newer",
    );
    const unversioned = [...restorePieces("r", chunks.slice(1))];
    expect(attempt(unversioned)).toContain("version");
    for (const piece of pieces) target.apply({ kind: "restorePiece", piece });
    target.apply({ kind: "restorePiece", piece: { id: "new", number: 0, data: "", ends: true } });
    expect(target.sql.exec("SELECT DISTINCT restore_id FROM restore_pieces")).toEqual([
      { restore_id: "new" },
    ]);
  });

  it("cuts pieces between characters", () => {
    const text = `${"a".repeat(pieceCharsMax - 1)}\u{1f600}b`;
    const pieces = [...restorePieces("r", [text, "c"])];
    expect(pieces.map((piece) => [piece.number, piece.data.length, piece.ends])).toEqual([
      [0, pieceCharsMax - 1, false],
      [1, 3, true],
      [2, 1, true],
    ]);
    expect(pieces.map((piece) => piece.data).join("")).toBe(`${text}c`);
  });
});
