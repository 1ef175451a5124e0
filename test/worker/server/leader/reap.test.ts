import { describe, expect, it } from "vitest";
import type { Command } from "../../../../shared/fsm/types.ts";
import { limits } from "../../../../shared/limits.ts";
import type { DutyContext } from "../../../../worker/server/leader/index.ts";
import { reapTombstones } from "../../../../worker/server/leader/reap.ts";
import { testState } from "../../../support/state-builders.ts";

const wait = limits.tombstoneTtlMillis + limits.tombstoneGranularityMillis;

function world() {
  const state = testState();
  let now = 0;
  const proposed: Command[] = [];
  const duty = reapTombstones({
    ports: { sql: state.sql, clock: { now: () => now } },
    async propose(command: Command) {
      proposed.push(command);
      const applied = state.apply(command, now);
      duty.applied?.(applied.changed);
      return applied.result;
    },
  } as unknown as DutyContext);
  duty.establish();
  return {
    duty,
    state,
    proposed,
    at: (millis: number) => {
      now = millis;
    },
    remove(key: string, millis: number) {
      now = millis;
      state.set(key, "eA==");
      duty.applied?.(state.apply({ kind: "kv", operation: { verb: "delete", key } }, now).changed);
    },
    perform: () => duty.perform(now),
    left: () => state.sql.exec("SELECT key FROM tombstones").map((row) => row.key),
  };
}

describe("reaping tombstones", () => {
  it("takes them after 15 minutes, those of half a minute together, and wakes nobody", async () => {
    const { duty, remove, perform, at, left, proposed } = world();
    expect(duty.next()).toBeNull();
    remove("a", 1_000);
    remove("b", 20_000);
    remove("c", 500_000);
    expect(duty.next()).toEqual({ at: 1_000 + wait, wakes: false });
    at(1_000 + wait);
    expect(await perform()).toBe(true);
    expect(left()).toEqual(["c"]);
    expect(proposed).toHaveLength(1);
    expect(duty.next()).toEqual({ at: 500_000 + wait, wakes: false });
    at(500_000 + wait);
    await perform();
    expect(left()).toEqual([]);
    expect(duty.next()).toBeNull();
  });

  it("finds what an earlier leader left, and what was deleted before entries had a time", async () => {
    const { duty, state, perform, at, left } = world();
    state.set("old", "eA==");
    state.kv({ verb: "delete", key: "old" });
    at(wait);
    duty.establish();
    expect(duty.next()).toEqual({ at: wait, wakes: false });
    await perform();
    expect(left()).toEqual([]);
  });
});
