// Where batches of entries begin and end makes no difference to the rows, only to how many are written.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { kvEvidence, showsItself } from "../../../shared/fsm/kv-evidence.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { type HeldIndexes, heldIndexes } from "../../../shared/state/held-indexes.ts";
import {
  kvTable,
  kvTableIndex,
  setIndex,
  stateTransaction,
  storedIndex,
} from "../../../shared/state/indexes.ts";
import { kvGet } from "../../../shared/state/kv.ts";
import { archiveRows, lastKvEntry, logOffset, restorePieces } from "../../../shared/state/restore.ts";
import { createTables, tables } from "../../../shared/state/schema.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import { memorySql } from "../../support/memory-sql.ts";
import { randomCommand, seeded, sessionId } from "../../support/random-commands.ts";

type Step = { readonly index: number; readonly entry: string };

function store() {
  const sql = memorySql();
  createTables(sql);
  return sql;
}

function dump(sql: Sql): unknown {
  return tables.map(({ name }) => [name, sql.exec(`SELECT * FROM ${name}`)]);
}

/** Applies entries as raft's driver does. */
function applyBatch(sql: HeldIndexes, steps: readonly Step[], hold?: string) {
  return sql.transaction(() => {
    const outcomes = steps.map(({ index, entry }) => applyCommand(sql, index, entry));
    sql.flush(hold);
    return outcomes;
  });
}

/** Restores an earlier state, or one of a group with a longer log, over and over. */
function restoreCommands(id: string, chunks: Iterable<string>): readonly Command[] {
  const pieces = [...restorePieces(id, chunks)];
  const commit: Command = { kind: "restoreCommit", commit: { id, pieces: pieces.length } };
  return [...pieces.map((piece) => ({ kind: "restorePiece", piece }) as const), commit];
}

function run(seed: number, count: number): { batches: number; offset: number; equal: number; shown: number } {
  const pick = seeded(seed);
  const single = store();
  const batched = heldIndexes(store());
  const holding = heldIndexes(store());
  const old = store();
  old.transaction(() => {
    const operation = { verb: "set", key: "old", value: "eA==", flags: "0" as U64 } as const;
    applyCommand(old, 5_000 * seed, encodeCommand({ kind: "kv", operation }));
  });
  let index = 10;
  let pending: Step[] = [];
  let answers: unknown[] = [];
  let archive = [...archiveRows(single)];
  let batches = 0;
  let equal = 0;
  let shown = 0;
  const queue: Command[] = [];
  while (index < count) {
    index += 1;
    const sessions = single.exec("SELECT id FROM sessions ORDER BY id").map((row) => String(row.id));
    if (index % 50 === 0) archive = [...archiveRows(single)];
    if (index % 70 === 0) queue.push(...restoreCommands(`r${index}`, pick([archive, [...archiveRows(old)]])));
    const command = queue.shift() ?? randomCommand(pick, index - 1, index * 400, [...sessions, sessionId(0)]);
    const entry = encodeCommand(command, index * 400);
    const answer = single.transaction(() => applyCommand(single, index, entry));
    answers.push(answer);
    pending.push({ index, entry });
    const where = `seed ${seed} index ${index}: ${JSON.stringify(command)}`;
    // What raft counts on after a restart.
    const isFound = kvEvidence(single, index, entry) !== null;
    expect(showsItself(entry, answer.changed), where).toBe(isFound);
    if (isFound) shown += 1;
    expect(lastKvEntry(single), where).toBeLessThanOrEqual(index);
    if (lastKvEntry(single) === index) equal += 1;
    if (pick([true, true, true, true, false])) continue;
    expect(applyBatch(batched, pending), where).toEqual(answers);
    expect(dump(batched), where).toEqual(dump(single));
    // The kv table's index may stay behind in memory for as long as anybody likes.
    expect(applyBatch(holding, pending, kvTableIndex), where).toEqual(answers);
    expect(kvTable(holding), where).toBe(kvTable(single));
    if (pick([true, false, false])) expect(dump(holding), where).toEqual(dump(single));
    pending = [];
    answers = [];
    batches += 1;
  }
  return { batches, offset: logOffset(single), equal, shown };
}

describe("entries that are applied in batches", () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    it(`give the same rows and answers wherever batches end (seed ${seed})`, () => {
      const { batches, equal, shown } = run(seed, 500);
      expect(batches).toBeGreaterThan(50);
      expect(equal).toBeGreaterThan(20);
      expect(shown).toBeGreaterThan(20);
    });
  }

  it("write each index once", () => {
    const table = store();
    const sql = heldIndexes(table);
    const steps = Array.from({ length: 20 }, (_, n) => {
      const operation = { verb: "set", key: `k${n}`, value: "eA==", flags: "0" as U64 } as const;
      return { index: n + 1, entry: encodeCommand({ kind: "kv", operation }) };
    });
    const before = table.rowsWritten();
    applyBatch(sql, steps);
    expect(table.rowsWritten() - before).toBe(21);
    expect(lastKvEntry(sql)).toBe(20);
  });

  it("see what those before them wrote, and lose what a savepoint undoes", () => {
    const table = store();
    const sql = heldIndexes(table);
    sql.transaction(() => {
      setIndex(stateTransaction(sql, 5), kvTableIndex);
      setIndex(stateTransaction(sql, 5), "other");
      expect(storedIndex(table, kvTableIndex)).toBe(0);
      expect(storedIndex(sql, "other", kvTableIndex)).toBe(5);
      expect(storedIndex(table, kvTableIndex)).toBe(0);
      expect(() =>
        sql.savepoint(() => {
          setIndex(stateTransaction(sql, 6), kvTableIndex);
          expect(kvGet(sql, "none").index).toBe(6);
          throw new Error("undo");
        }),
      ).toThrow("undo");
      expect(lastKvEntry(sql)).toBe(5);
      expect(storedIndex(sql, "other")).toBe(5);
      sql.savepoint(() => setIndex(stateTransaction(sql, 7), "other"));
      sql.flush();
    });
    expect([storedIndex(sql, kvTableIndex), storedIndex(sql, "other")]).toEqual([5, 7]);
  });
});
