// The parts of the core one by one: log, progress, quorum, decoder, descriptions, and each role's own rules.

import { describe, expect, it } from "vitest";
import { nextRandom } from "../../../shared/base/prng.ts";
import { campaign } from "../../../shared/raft/candidate.ts";
import { raftConfig } from "../../../shared/raft/config.ts";
import { decodeRaftMessage } from "../../../shared/raft/decode.ts";
import { describeMessage, describeState } from "../../../shared/raft/describe.ts";
import { callLeader, mayVoteAt } from "../../../shared/raft/election.ts";
import { stirFollower } from "../../../shared/raft/follower.ts";
import { leaderWakeAt, propose } from "../../../shared/raft/leader.ts";
import * as logs from "../../../shared/raft/log.ts";
import { acknowledged, isPaused, newProgress, refused, sentEntries } from "../../../shared/raft/progress.ts";
import { quorumSize, quorumValue, voteResult } from "../../../shared/raft/quorum.ts";
import { onRead } from "../../../shared/raft/read-index.ts";
import { beginRound, onFollowerUnreachable } from "../../../shared/raft/replication.ts";
import type { RaftMessage } from "../../../shared/raft/types.ts";
import { a, b, bench, c, elect, group } from "./raft-group.ts";

const entry = (index: number, term = 1) => ({ index, term, command: `c${index}` });

describe("quorum", () => {
  it("is a majority of any number", () => {
    expect([1, 2, 3, 4, 5].map(quorumSize)).toEqual([1, 2, 2, 3, 3]);
  });
  it("takes the value that a majority has reached", () => {
    expect(quorumValue([5])).toBe(5);
    expect(quorumValue([9, 4, 2])).toBe(4);
    expect(quorumValue([9, 8, 3, 2, 1])).toBe(3);
    expect(quorumValue([9, 8, 7, 1])).toBe(7);
  });
  it("decides a vote as soon as it is decided", () => {
    expect(voteResult([1, 2, 3], new Map([[1, true]]))).toBe("pending");
    expect(
      voteResult(
        [1, 2, 3],
        new Map([
          [1, true],
          [3, true],
        ]),
      ),
    ).toBe("won");
    expect(
      voteResult(
        [1, 2, 3],
        new Map([
          [2, false],
          [3, false],
        ]),
      ),
    ).toBe("lost");
    expect(
      voteResult(
        [1, 2, 3],
        new Map([
          [1, true],
          [9, true],
        ]),
      ),
    ).toBe("pending");
  });
});

describe("progress", () => {
  const most = { messages: 2, bytes: 1_000 };
  it("probes with one message at a time, then pipelines up to the limit", () => {
    const it = newProgress(10, 0);
    sentEntries(it, 10, 100, 0);
    expect([isPaused(it, 100, 300, most), isPaused(it, 300, 300, most)]).toEqual([true, false]);
    acknowledged(it, 5);
    expect([it.state, it.next]).toEqual(["replicate", 6]);
    sentEntries(it, 6, 400, 1);
    sentEntries(it, 8, 500, 1);
    expect(isPaused(it, 1, 300, most)).toBe(true);
    acknowledged(it, 6);
    expect([isPaused(it, 1, 300, most), it.next, it.inflight]).toEqual([false, 9, [{ last: 8, bytes: 500 }]]);
    sentEntries(it, 9, 600, 1); // one message more, but too many bytes
    expect([it.inflightBytes, isPaused(it, 1, 300, { ...most, messages: 9 })]).toEqual([1_100, true]);
  });
  it("goes back to where the logs may meet, never below what matched, and ignores old refusals", () => {
    const it = newProgress(10, 0);
    acknowledged(it, 5);
    sentEntries(it, 10, 100, 0);
    expect(refused(it, 3)).toBe(false);
    expect(refused(it, 7)).toBe(true);
    expect([it.state, it.next, it.match]).toEqual(["probe", 8, 5]);
  });
});

describe("log", () => {
  const stored = [1, 2, 3, 4, 5].map((index) => entry(index));
  const reader = { entries: (from: number, to: number) => stored.slice(from - 1, to) };
  const fresh = () => logs.newLog(reader, { index: 0, term: 0 }, 5, stored.slice(3));

  it("reads what is not in memory through the reader", () => {
    const log = fresh();
    expect([logs.termAt(log, 0), logs.termAt(log, 2), logs.termAt(log, 6)]).toEqual([0, 1, null]);
    expect(logs.entriesBetween(log, 2, 5, 1e6).map((each) => each.index)).toEqual([2, 3]);
    expect(logs.entriesBetween(log, 4, 9, 1e6).map((each) => each.index)).toEqual([4, 5]);
    expect(logs.entriesBetween(log, 4, 5, 1)).toHaveLength(1);
  });
  it("hands out each entry to be written once, with what was cut before", () => {
    const log = fresh();
    logs.truncateLog(log, 3);
    logs.appendEntries(log, [entry(3, 2), entry(4, 2)]);
    expect(logs.takeUnpersisted(log)).toEqual({ truncateFrom: 3, append: [entry(3, 2), entry(4, 2)] });
    expect(logs.takeUnpersisted(log)).toEqual({ truncateFrom: null, append: [] });
  });
  it("does not believe that what was cut meanwhile is durable", () => {
    const log = fresh();
    logs.appendEntries(log, [entry(6)]);
    logs.takeUnpersisted(log);
    logs.truncateLog(log, 6);
    logs.markPersisted(log, { index: 6, term: 1 });
    expect(log.persistedIndex).toBe(5);
  });
  it("forgets and compacts only what is durable", () => {
    const log = fresh();
    logs.appendEntries(log, [entry(6)]);
    logs.releaseMemory(log, 6);
    expect(log.tailFirst).toBe(6);
    logs.markCompacted(log, { index: 4, term: 1 });
    expect([logs.termAt(log, 3), logs.termAt(log, 4), logs.lastIndex(log)]).toEqual([null, 1, 6]);
    expect(() => logs.markCompacted(log, { index: 6, term: 1 })).toThrow("persisted");
  });
});

describe("decoder", () => {
  const append = {
    kind: "append",
    from: "b",
    to: "a",
    term: 2,
    incarnation: 1,
    prev: { index: 3, term: 1 },
    entries: [{ index: 4, term: 2, command: "x" }],
    commitIndex: 3,
    round: 1,
    quiesce: false,
  };
  it("passes every kind of message through JSON unchanged", () => {
    const head = { from: "b", to: "a", term: 2 };
    const messages = [
      append,
      { ...head, kind: "stir" },
      { ...head, kind: "preVote", last: { index: 1, term: 1 } },
      { ...head, kind: "voteReply", granted: true },
      {
        ...head,
        kind: "appendReply",
        incarnation: 1,
        success: true,
        matchIndex: 4,
        round: 1,
        staleIncarnation: false,
      },
    ];
    for (const message of messages) {
      expect(decodeRaftMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
    }
  });
  it("refuses garbage", () => {
    const garbage: unknown[] = [null, 7, "x", [], {}, { ...append, term: -1 }, { ...append, term: 1.5 }];
    garbage.push({ ...append, from: "" }, { ...append, kind: "drop" }, { ...append, prev: null });
    garbage.push({ ...append, entries: [{ index: 9, term: 2, command: "x" }] }); // a gap
    garbage.push({ ...append, entries: [{ index: 4, term: 3, command: "x" }] }); // a term above the sender's
    garbage.push({ ...append, entries: [{ index: 4, term: 2, command: 1 }] }, { ...append, entries: "x" });
    const snapshot = {
      ...{ kind: "snapshot", from: "b", to: "a", term: 2, incarnation: 1, round: 1, data: "x", chunk: 0 },
      ...{ chunks: 1, last: { index: 5, term: 2 }, configuration: { index: 1, configuration: group([a]) } },
    };
    expect(decodeRaftMessage(snapshot)).toEqual(snapshot);
    garbage.push({ ...snapshot, chunk: 1 }, { ...snapshot, chunks: 0 }, { ...snapshot, data: 1 });
    garbage.push({ ...snapshot, last: { index: 5, term: 3 } }, { ...snapshot, configuration: null });
    garbage.push({ ...snapshot, configuration: { index: 6, configuration: group([a]) } });
    garbage.push({ ...snapshot, cluster: 7 }, { ...snapshot, epoch: -1 }, { ...snapshot, incarnation: "1" });
    for (const value of garbage) expect(decodeRaftMessage(value)).toBeNull();
  });
  it("refuses what no server of ours would send for its size: 40 MB in one entry, in many, or in a chunk", () => {
    const big = "x".repeat(40 << 20);
    expect(decodeRaftMessage({ ...append, entries: [{ index: 4, term: 2, command: big }] })).toBeNull();
    const part = "x".repeat(1 << 20);
    const entries = Array.from({ length: 40 }, (_, n) => ({ index: 4 + n, term: 2, command: part }));
    expect(decodeRaftMessage({ ...append, entries })).toBeNull();
    expect(decodeRaftMessage({ ...append, entries: entries.slice(0, 8) })).not.toBeNull();
    const cut = { last: { index: 3, term: 1 }, configuration: { index: 1, configuration: group([a]) } };
    const head = { kind: "snapshot", from: "b", to: "a", term: 2, incarnation: 1, round: 1 };
    expect(decodeRaftMessage({ ...head, ...cut, chunk: 0, chunks: 1, data: big })).toBeNull();
  });
});

describe("roles", () => {
  it("describes messages and states in a line", () => {
    const it = bench([1], { term: 1 });
    expect(describeState(it.state)).toBe("a follower t1.0 last 1/1 commit 0 applied 0");
    const message: RaftMessage = { kind: "preVote", from: a, to: b, term: 2, last: { index: 1, term: 1 } };
    expect(describeMessage(message)).toBe("a→b preVote t2 last 1/1");
  });
  it("waits with its campaign while a leader may hold a lease", () => {
    const it = bench([], { term: 1 });
    it.take({ kind: "wake" }, 1_000);
    campaign(it.state, 1_500);
    expect([it.state.role, it.state.electionDueAt, mayVoteAt(it.state)]).toEqual(["follower", 2_000, 2_000]);
  });
  it("calls everybody when it knows no leader, and no active follower is stirred twice", () => {
    const it = bench([], { term: 1 });
    it.take({ kind: "wake" }, 0);
    it.state.outbox.now = [];
    callLeader(it.state, 5_000);
    stirFollower(it.state, 5_001);
    expect(it.state.outbox.now.map((message) => message.to)).toEqual([b, c]);
  });
  it("campaigns at once when it is needed in a group that has never voted, and only then", () => {
    const fresh = bench([], { term: 0 });
    const voted = bench([], { term: 1, votedFor: b });
    for (const it of [fresh, voted]) {
      it.take({ kind: "wake" }, 0);
      it.take({ kind: "stir" }, 1);
    }
    expect(fresh.state.electionDueAt).toBeLessThanOrEqual(40);
    const due = fresh.state.electionDueAt;
    fresh.take({ kind: "stir" }, 2);
    expect(fresh.state.electionDueAt).toBeLessThanOrEqual(due!);
    expect(voted.state.electionDueAt).toBeGreaterThanOrEqual(600);
  });
  it("sends a batch once to each follower that is replicated to, and probes one that is unreachable", () => {
    const it = bench();
    elect(it, 100_000);
    const leading = it.state.leading!;
    acknowledged(leading.progress.get(b)!, 1);
    onFollowerUnreachable(leading, c);
    it.state.outbox.afterPersist = [];
    propose(it.state, leading, ["x", "y"], 100_010);
    expect(it.state.outbox.afterPersist).toMatchObject([{ to: b, entries: [{ index: 2 }, { index: 3 }] }]);
    beginRound(it.state, leading, 100_020);
    expect(it.state.outbox.afterPersist.slice(1)).toMatchObject([{ to: b }, { to: c, entries: [] }]);
    expect(leaderWakeAt(it.state, leading, 100_020)).toBe(100_320);
  });
  it("gathers reads while a round is out", () => {
    const it = bench();
    elect(it, 100_000);
    const leading = it.state.leading!;
    onRead(it.state, leading, 1, false, 100_001);
    onRead(it.state, leading, 2, false, 100_001);
    expect(leading.round).toBe(1);
    expect(leading.reads).toEqual([
      { id: 1, round: 2 },
      { id: 2, round: 2 },
    ]);
  });
  it("refuses settings that would break a proof", () => {
    expect(() => raftConfig(a, "awake", { leaseMillis: 2_000 })).toThrow("lease");
  });
  it("draws the same numbers from the same seed", () => {
    expect(nextRandom(7)).toEqual(nextRandom(7));
    expect(nextRandom(7).value).toBeLessThan(1);
    expect(nextRandom(7).value).not.toBe(nextRandom(8).value);
  });
});
