// What a leader that may have been superseded still answers, and what its newer instance waits for.

import { describe, expect, it } from "vitest";
import { holdOf, trustsItself } from "../../../shared/raft/trust.ts";
import { a, b, bench, elect } from "./raft-group.ts";

const append = (incarnation: number) => ({
  ...{ kind: "append" as const, from: b, term: 2, incarnation, prev: { index: 0, term: 0 }, entries: [] },
  ...{ commitIndex: 0, round: 1, quiesce: false },
});

describe("a superseded server", () => {
  it("vouches for itself after a write that was marked, for as long as a lease", () => {
    const it = bench();
    elect(it, 100_000);
    expect(trustsItself(it.state, it.state.leading!, 100_010)).toBe(false);
    it.take({ kind: "propose", commands: ["x"] }, 100_020);
    expect(trustsItself(it.state, it.state.leading!, 100_769)).toBe(true);
    expect(trustsItself(it.state, it.state.leading!, 100_770)).toBe(false);
  });

  it("is waited out by the instance that resumes its leadership, unless it slept", () => {
    const busy = bench([1], { term: 1, leaderTerm: 1, votedFor: a, mayServeReads: true });
    expect(holdOf(busy.state, 5_000)).toBe(6_000);
    const slept = bench([1], { term: 1, leaderTerm: 1, votedFor: a });
    expect(holdOf(slept.state, 5_000)).toBe(5_000);
  });

  it("is refused by a follower that heard its successor before a restart", () => {
    const it = bench([], { term: 2, leaderIncarnation: 4 });
    it.hear(append(3), 5_000);
    expect(it.sent.at(-1)).toMatchObject({ staleIncarnation: true, incarnation: 4, success: false });
    const effects = it.hear(append(5), 5_001);
    expect(effects.persist?.hard).toMatchObject({ leaderIncarnation: 5 });
  });
});
