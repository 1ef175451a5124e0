import { describe, expect, it } from "vitest";
import { isSureOfItself } from "../../../agent/gossip/pool-duties.ts";
import { newMemberTable, putMember } from "../../../shared/gossip/member-table.ts";
import type { Suspicion } from "../../../shared/gossip/suspicion.ts";
import type { Member } from "../../../shared/gossip/types.ts";

function core(healthScore: number, suspected: number, count: number) {
  const members = newMemberTable();
  for (let at = 0; at < count; at += 1) putMember(members, { name: `n${at}` } as Member);
  const names = Array.from({ length: suspected }, (_, at) => `n${at}`);
  return { healthScore, members, suspicions: new Map(names.map((name) => [name, {} as Suspicion])) };
}

describe("an agent is sure of its verdicts", () => {
  it("while its probes are answered and it suspects few others", () => {
    expect(isSureOfItself(core(0, 0, 5))).toBe(true);
    expect(isSureOfItself(core(1, 5, 50))).toBe(true);
  });

  it("not when relays are silent too, or when it suspects many at once", () => {
    expect(isSureOfItself(core(2, 0, 5))).toBe(false);
    expect(isSureOfItself(core(0, 1, 5))).toBe(false);
    expect(isSureOfItself(core(0, 6, 50))).toBe(false);
    expect(isSureOfItself(null)).toBe(false);
  });
});
