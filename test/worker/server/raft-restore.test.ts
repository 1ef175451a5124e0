// What restoreRaft of raft-restore.ts refuses to believe.

import { describe, expect, it } from "vitest";
import { emptyHardState } from "../../../shared/raft/state.ts";
import type { PersistBatch } from "../../../shared/raft/types.ts";
import { heldIndexes } from "../../../shared/state/held-indexes.ts";
import { createRaftStore } from "../../../worker/server/raft-store.ts";
import { group } from "../../shared/raft/raft-group.ts";
import { simulatedDisk } from "../../sim/sql.ts";
import { one, server } from "./driver-bench.ts";

const nothing: PersistBatch = {
  ...{ hard: null, bootstrap: null, truncateFrom: null, append: [], stage: null, install: null },
};
const entry = (index: number) => ({ index, term: 1, command: `c${index}` });

describe("a restart", () => {
  it("reads rows of older releases, which have no checksum", () => {
    const { sql } = simulatedDisk();
    const store = createRaftStore(heldIndexes(sql), one);
    store.persist({
      ...nothing,
      hard: { ...emptyHardState, term: 1 },
      bootstrap: group([one]),
      append: [entry(1)],
    });
    sql.exec("UPDATE raft_log SET entries = substr(entries, 1, length(entries) - 9)");
    expect(sql.exec("SELECT entries FROM raft_log")).toEqual([{ entries: '[[1,"c1"]]' }]);
    expect(store.restore().tail).toEqual([entry(1)]);
  });

  it("does not trust a disk that contradicts itself, and says what to do", () => {
    const damages: readonly (readonly [string, string])[] = [
      ["UPDATE raft_log SET entries = '[[1,' WHERE first_index = 2", "row at 2 can be read"],
      [
        "UPDATE raft_log SET entries = replace(entries, 'c2', 'd2') WHERE first_index = 2",
        "row at 2 is as it was",
      ],
      [
        "UPDATE raft_log SET entries = replace(entries, '#', ' ') WHERE first_index = 2",
        "row at 2 can be read",
      ],
      ["UPDATE raft_log SET entries = '[[1]]' WHERE first_index = 2", "entry 2 can be read"],
      ['UPDATE raft_log SET entries = \'[[1,"a"],[1,"b"]]\' WHERE first_index = 2', "row at 2 ends"],
      ["DELETE FROM raft_log WHERE first_index = 2", "hold 3 entries, not 2"],
      ["DELETE FROM raft_log WHERE first_index = 1", "begins at 1, not at 2"],
      ["DELETE FROM raft_log WHERE first_index = 3", "what was applied (3) is in the log (up to 2)"],
      ["UPDATE raft_applied SET applied_index = 9", "what was applied (9)"],
      ["UPDATE raft_applied SET applied_index = -1", "a count"],
      ["UPDATE raft_hard SET term = 'x'", "a count"],
      ["UPDATE raft_hard SET term = 0", "later term"],
      ["UPDATE raft_hard SET base_index = 2", "begins at 3"],
      ["UPDATE raft_hard SET voted_for = x'07'", "the vote can be read"],
      ["UPDATE raft_configurations SET configuration = '{}'", "configuration at 0 can be read"],
      ["DROP TABLE raft_applied", "no such table"],
    ];
    for (const [damage, why] of damages) {
      const { sql } = simulatedDisk();
      const store = createRaftStore(heldIndexes(sql), one);
      const bootstrap = group([one]);
      store.persist({ ...nothing, hard: { ...emptyHardState, term: 1 }, bootstrap, append: [entry(1)] });
      for (const index of [2, 3]) store.persist({ ...nothing, append: [entry(index)] });
      store.setApplied(entry(3), []);
      expect(store.restore().lastIndex).toBe(3);
      sql.exec(damage);
      expect(() => store.restore(), damage).toThrow(why);
      expect(() => store.restore(), damage).toThrow("let it join again");
      if (damage.startsWith("DROP")) continue; // it is created anew, empty, at the next start
      expect(() => server(sql, []), damage).toThrow("neither votes nor answers");
    }
  });
});
