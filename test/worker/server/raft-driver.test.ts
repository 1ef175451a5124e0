// The driver, its store and its table of proposals over SQLite in memory.

import { describe, expect, it } from "vitest";
import type { Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import { nextRandom } from "../../../shared/base/prng.ts";
import { limits } from "../../../shared/limits.ts";
import { emptyHardState } from "../../../shared/raft/state.ts";
import type { PersistBatch, RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { heldIndexes } from "../../../shared/state/held-indexes.ts";
import { createProposals } from "../../../worker/server/proposals.ts";
import { createRaftStore } from "../../../worker/server/raft-store.ts";
import { simulatedDisk } from "../../sim/sql.ts";
import { one, server, three, two } from "./driver-bench.ts";

describe("driver", () => {
  it("commits all proposals of a turn in one row, and answers each with its own result", async () => {
    const { sql } = simulatedDisk();
    const { driver, turn } = server(sql, [one]);
    turn();
    const outcomes = Promise.all(["x", "y", "z"].map((command) => driver.propose(command)));
    turn();
    expect((await outcomes).map((outcome) => outcome.ok && outcome.value)).toEqual([
      "did x",
      "did y",
      "did z",
    ]);
    expect(sql.exec("SELECT first_index, last_index FROM raft_log")).toEqual([
      { first_index: 1, last_index: 1 },
      { first_index: 2, last_index: 4 },
    ]);
    expect(await driver.confirmLeadership(false)).toMatchObject({ ok: true, value: 4 });
  });

  it("goes on after a restart: nothing is applied twice, the leader is the same without an election", async () => {
    const { sql } = simulatedDisk();
    const before = server(sql, [one]);
    before.turn();
    const done = before.driver.propose("x");
    before.turn();
    await done;
    const after = server(sql, [one]);
    after.turn();
    expect(after.applied).toEqual([]);
    expect(after.driver.status()).toMatchObject({ role: "leader", term: 2, appliedIndex: 2, numPeers: 0 });
  });

  it("refuses what it cannot do: a proposal or a read at a follower, a command beyond a row", async () => {
    const follower = server(simulatedDisk().sql, [one, two, three]).driver;
    expect(await follower.propose("x")).toMatchObject({ ok: false, error: { code: "noLeader" } });
    expect(await follower.confirmLeadership(true)).toMatchObject({ ok: false, error: { code: "noLeader" } });
    const alone = server(simulatedDisk().sql, [one]);
    alone.turn();
    expect(await alone.driver.propose("x".repeat(2_000_000))).toMatchObject({
      error: { code: "commandTooLarge" },
    });
  });

  it("hands answers back to the sender and drops what is not a message of its group", () => {
    const { driver, sent } = server(simulatedDisk().sql, [one, two, three]);
    const last = { index: 0, term: 0 };
    const vote: RaftMessage = { kind: "preVote", from: two, to: one, term: 1, last };
    expect(driver.receive([vote])).toMatchObject([{ kind: "preVoteReply", to: two, granted: true }]);
    expect(driver.receive([{ ...vote, to: "server-9" as ServerId }])).toEqual([]);
    expect(driver.receive(["garbage" as unknown as RaftMessage])).toEqual([]);
    expect(sent).toEqual([]);
  });
});

describe("a server of another cluster", () => {
  it("is not heard, changes nothing, and is reported once", () => {
    const { driver, sent, logged } = server(simulatedDisk().sql, [one, two, three]);
    const last = { index: 99, term: 98 };
    const vote: RaftMessage = {
      ...{ kind: "requestVote", from: two, to: one, term: 99, last, transfer: null, cluster: "elsewhere" },
    } as const;
    for (let n = 0; n < 3; n += 1) expect(driver.receive([vote])).toEqual([]);
    expect(driver.status()).toMatchObject({ term: 0, leader: null });
    expect(sent).toEqual([]);
    expect(logged.filter((line) => line.includes("another cluster"))).toHaveLength(1);
    expect(driver.receive([{ ...vote, cluster: driver.status().cluster }])).toHaveLength(1);
  });
});

describe("store", () => {
  const nothing: PersistBatch = {
    hard: null,
    bootstrap: null,
    truncateFrom: null,
    append: [],
    stage: null,
    install: null,
  };
  const entry = (index: number, term = 1, command = `c${index}`) => ({ index, term, command });

  it("cuts a row in two where a conflict begins", () => {
    const { sql } = simulatedDisk();
    const store = createRaftStore(heldIndexes(sql), one);
    const hard = { ...emptyHardState, term: 2 };
    store.persist({ ...nothing, hard, append: [entry(1), entry(2), entry(3)] });
    store.persist({ ...nothing, truncateFrom: 2, append: [entry(2, 2)] });
    expect(createRaftStore(heldIndexes(sql), one).restore().tail).toEqual([entry(1), entry(2, 2)]);
    expect(store.reader.entries(1, 2, 1e6)).toEqual([entry(1), entry(2, 2)]);
  });

  it("splits a batch that does not fit a row, and drops whole rows from the front", () => {
    const { sql } = simulatedDisk();
    const store = createRaftStore(heldIndexes(sql), one);
    const hard = { ...emptyHardState, term: 1, votedFor: one, leaderTerm: 0, incarnation: 0, commitIndex: 0 };
    const big = "x".repeat(400_000);
    store.persist({
      ...nothing,
      hard,
      truncateFrom: null,
      append: [entry(1, 1, big), entry(2, 1, big), entry(3)],
    });
    expect(sql.exec("SELECT first_index FROM raft_log")).toHaveLength(2);
    expect([store.compact(0), store.compact(2)]).toEqual([null, { index: 1, term: 1 }]);
    store.setApplied(entry(3), []);
    expect(store.restore()).toMatchObject({
      hard,
      base: { index: 1, term: 1 },
      lastIndex: 3,
      appliedIndex: 3,
    });
  });
});

describe("proposals", () => {
  it("are settled exactly once: committed, refused, or unknown", () => {
    const proposals = createProposals();
    const seen: string[] = [];
    const note = (name: string) => (outcome: Result<unknown, ServerError>) =>
      void seen.push(`${name} ${outcome.ok ? outcome.value : outcome.error.code}`);
    for (const name of ["a", "b", "c"]) proposals.add(name, note(name));
    proposals.take();
    proposals.appended([5, 6, 7], 2);
    proposals.applied(5, 2, "done");
    proposals.applied(6, 3, "somebody else's");
    proposals.lost();
    proposals.applied(7, 2, "late");
    proposals.add("d", note("d"));
    proposals.take();
    proposals.refused();
    expect(seen).toEqual(["a done", "b leadershipLost", "c leadershipLost", "d noLeader"]);
    expect(proposals.size()).toBe(0);
  });

  it("are settled once each, whatever happens in whatever order", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let random = seed;
      const roll = (sides: number): number => {
        const drawn = nextRandom(random);
        random = drawn.state;
        return Math.floor(drawn.value * sides);
      };
      const proposals = createProposals();
      const settled: number[] = [];
      let asked = 0;
      let index = 0;
      let next = 1;
      for (let turn = 0; turn < 60; turn += 1) {
        switch (roll(5)) {
          case 0:
          case 1: {
            const name = asked++;
            settled[name] = 0;
            proposals.add("x", () => {
              settled[name] = (settled[name] ?? 0) + 1;
            });
            break;
          }
          case 2: {
            const taken = proposals.take();
            if (roll(3) === 0) proposals.refused();
            else
              proposals.appended(
                taken.map(() => (index += 1)),
                1,
              );
            break;
          }
          case 3:
            for (; next <= index && roll(3) > 0; next += 1) proposals.applied(next, 1 + roll(2), "done");
            break;
          default:
            if (roll(4) === 0) proposals.lost();
        }
      }
      proposals.take();
      proposals.refused();
      proposals.lost();
      expect(settled, `seed ${seed}`).toEqual(settled.map(() => 1));
      expect(proposals.size()).toBe(0);
      expect(proposals.add("x".repeat(limits.proposalQueueBytesMax), () => {})).toBe(true); // no byte is still counted
    }
  });

  it("are bounded in number and in bytes", () => {
    const proposals = createProposals();
    expect(proposals.add("x".repeat(limits.proposalQueueBytesMax + 1), () => {})).toBe(false);
    for (let i = 0; i < limits.proposalQueueMax; i += 1) expect(proposals.add("", () => {})).toBe(true);
    expect(proposals.add("", () => {})).toBe(false);
  });
});
