import { describe, expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { autopilotGet } from "../../../shared/state/autopilot.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { defaultAutopilot } from "../../../shared/structs/autopilot.ts";
import { memorySql } from "../../support/memory-sql.ts";

function state() {
  const sql = memorySql();
  createTables(sql);
  const set = (index: number, change: object, cas: number | null = null, initial = false) =>
    applyCommand(
      sql,
      index,
      encodeCommand({
        kind: "autopilot",
        configuration: { ...defaultAutopilot, ...change },
        cas,
        initial,
      }),
    );
  return { sql, set };
}

describe("autopilot's settings in the state", () => {
  it("are none at first, then keep the index of their creation", () => {
    const { sql, set } = state();
    expect(autopilotGet(sql)).toEqual({ index: 1, keys: ["autopilot:"], value: null });
    expect(set(5, {}).changed).toEqual(["autopilot:"]);
    set(7, { MinQuorum: 3 });
    expect(autopilotGet(sql)).toMatchObject({
      index: 7,
      value: { ...defaultAutopilot, MinQuorum: 3, CreateIndex: 5, ModifyIndex: 7 },
    });
  });

  it("change under a condition only when it holds, and a first leader's defaults replace nothing", () => {
    const { sql, set } = state();
    expect(set(4, {}, 1)).toEqual({ result: { ok: true, value: false }, changed: [] });
    set(5, { MinQuorum: 1 });
    for (const refused of [set(6, { MinQuorum: 2 }, 4), set(7, {}, null, true)])
      expect(refused).toEqual({ result: { ok: true, value: false }, changed: [] });
    expect(set(8, { MinQuorum: 3 }, 5).result).toEqual({ ok: true, value: true });
    expect(autopilotGet(sql).value?.MinQuorum).toBe(3);
  });
});
