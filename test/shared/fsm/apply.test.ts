import { describe, expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { tables } from "../../../shared/state/schema.ts";
import { check, registration, service, testState } from "../../support/state-builders.ts";

describe("applying an entry", () => {
  it("does nothing for the entry of a new leader", () => {
    const { sql } = testState();
    const before = sql.statements();
    expect(applyCommand(sql, 1, "")).toEqual({ result: { ok: true, value: null }, changed: [] });
    expect(sql.statements()).toBe(before);
  });

  it("throws on an entry it cannot read, so that the server stops instead of differing", () => {
    const { sql } = testState();
    for (const text of ["{", '{"v":1,"t":77}', '{"v":1,"t":3,"operation":{"verb":"lock","key":"a"}}']) {
      expect(() => applyCommand(sql, 1, text)).toThrow();
    }
  });

  it("yields the same rows on every server, and none from a refused command", () => {
    const dump = () => {
      const { sql } = testState();
      const run = (index: number, command: Parameters<typeof encodeCommand>[0]) =>
        applyCommand(sql, index, encodeCommand(command));
      run(5, {
        kind: "register",
        registration: registration("n", { Service: service("s"), Checks: [check("c")] }),
      });
      const refused = run(6, {
        kind: "register",
        registration: registration("m", { Checks: [check("c", { ServiceID: "none" })] }),
      });
      expect(refused).toMatchObject({ result: { ok: false, error: { code: "rejected" } }, changed: [] });
      return tables.map((table) => sql.exec(`SELECT * FROM ${table.name}`));
    };
    expect(dump()).toEqual(dump());
    expect(JSON.stringify(dump())).not.toContain('"m"');
  });
});
