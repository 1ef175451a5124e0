import { describe, expect, it } from "vitest";
import { judge, newMassLoss, noteVanished } from "../../../../worker/server/leader/mass-loss.ts";
import { createMassLossStore } from "../../../../worker/server/leader/mass-loss-store.ts";
import { memorySql } from "../../../support/memory-sql.ts";

describe("what is kept of a mass loss", () => {
  it("is a freeze with its names, and nothing while there is none", () => {
    const sql = memorySql();
    const loss = newMassLoss();
    for (const name of ["a", "b", "c"]) noteVanished(loss, name, 5);
    createMassLossStore(sql).save(loss);
    expect(createMassLossStore(sql).load()).toEqual(newMassLoss());
    judge(loss, 5, 7);
    createMassLossStore(sql).save(loss);
    const again = createMassLossStore(sql).load();
    expect([again.frozenSince, [...again.vanished.keys()]]).toEqual([7, ["a", "b", "c"]]);
  });

  it("ends with the freeze", () => {
    const sql = memorySql();
    const store = createMassLossStore(sql);
    const loss = newMassLoss();
    loss.frozenSince = 1;
    store.save(loss);
    loss.frozenSince = null;
    store.save(loss);
    expect(createMassLossStore(sql).load().frozenSince).toBeNull();
  });
});
