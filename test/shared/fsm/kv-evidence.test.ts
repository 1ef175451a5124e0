// Which entries show in the state that they were applied, and which do not.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { kvEvidence, showsItself } from "../../../shared/fsm/kv-evidence.ts";
import type { Command } from "../../../shared/fsm/types.ts";
import { archiveRows, logOffset, restorePieces } from "../../../shared/state/restore.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { memorySql } from "../../support/memory-sql.ts";

const flags = "0" as U64;
const set = (key: string, value = "eA=="): Command => ({
  kind: "kv",
  operation: { verb: "set", key, value, flags },
});

function machine() {
  const sql = memorySql();
  createTables(sql);
  const commands: string[] = [];
  return {
    sql,
    /** Applies at the next index; what it shows at once. */
    apply(command: Command): number | null {
      commands.push(encodeCommand(command));
      const index = commands.length;
      const text = commands[index - 1] ?? "";
      expect(kvEvidence(sql, index, text)).toBe(null); // before it is applied nothing shows
      const { changed } = sql.transaction(() => applyCommand(sql, index, text));
      const shown = kvEvidence(sql, index, text);
      expect(showsItself(text, changed)).toBe(shown !== null);
      return shown;
    },
    shows: (index: number) => kvEvidence(sql, index, commands[index - 1] ?? ""),
  };
}

describe("that an entry was applied", () => {
  it("is shown by the key that it wrote, or its tombstone, until the key changes again", () => {
    const { apply, shows } = machine();
    expect(apply(set("a"))).toBe(1);
    expect(
      apply({ kind: "kv", operation: { verb: "cas", key: "a", value: "eQ==", flags, modifyIndex: 1 } }),
    ).toBe(2);
    expect(shows(1)).toBe(null);
    expect(apply({ kind: "kv", operation: { verb: "delete", key: "a" } })).toBe(3);
    expect(apply(set("dir/b"))).toBe(4);
    expect(apply({ kind: "kv", operation: { verb: "delete-tree", key: "dir/" } })).toBe(5);
    expect([1, 2, 3, 4, 5].map(shows)).toEqual([null, null, 3, null, 5]);
  });

  it("is not shown by what changed nothing, or more than one key, or is no command of a key", () => {
    const { apply } = machine();
    expect(apply(set("a"))).toBe(1);
    expect(apply(set("a"))).toBe(null);
    expect(
      apply({ kind: "kv", operation: { verb: "cas", key: "a", value: "eQ==", flags, modifyIndex: 9 } }),
    ).toBe(null);
    expect(apply({ kind: "kv", operation: { verb: "delete", key: "none" } })).toBe(null);
    expect(apply({ kind: "kv", operation: { verb: "delete-tree", key: "none" } })).toBe(null);
    expect(apply({ kind: "reapTombstones", upTo: 9 })).toBe(null);
    expect(apply({ kind: "expireKeys", upTo: 9 })).toBe(null);
    expect(kvEvidence(memorySql(), 1, "")).toBe(null);
    expect(kvEvidence(memorySql(), 1, '{"raft":"configuration"}')).toBe(null);
  });

  it("is shown under the offset that a restored snapshot leaves, and never by what it brought", () => {
    const old = memorySql();
    createTables(old);
    old.transaction(() => applyCommand(old, 900, encodeCommand(set("a"))));
    const { apply, sql, shows } = machine();
    expect(apply(set("a"))).toBe(1);
    const pieces = [...restorePieces("r", archiveRows(old))];
    for (const piece of pieces) expect(apply({ kind: "restorePiece", piece })).toBe(null);
    expect(apply({ kind: "restoreCommit", commit: { id: "r", pieces: pieces.length } })).toBe(null);
    const offset = logOffset(sql);
    expect(offset).toBeGreaterThan(890);
    expect(shows(1)).toBe(null);
    const index = pieces.length + 3;
    expect(apply(set("b"))).toBe(index + offset);
    expect(apply(set("a", "eg=="))).toBe(index + 1 + offset);
  });
});
