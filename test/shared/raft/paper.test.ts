// The paper's claims (Ongaro & Ousterhout 2014; thesis where said), by section.

import { describe, expect, it } from "vitest";
import { encodeConfiguration } from "../../../shared/raft/membership.ts";
import { configurationOf } from "../../../shared/raft/state.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import { a, b, bench, c, elect, group } from "./raft-group.ts";

const [d, e] = ["d", "e"] as unknown as [ServerId, ServerId];

const append = (fields: Record<string, unknown>) => ({
  kind: "append" as const,
  from: b,
  term: 2,
  incarnation: 1,
  prev: { index: 0, term: 0 },
  entries: [],
  commitIndex: 0,
  round: 1,
  quiesce: false,
  ...fields,
});
const reply = (from: typeof b, it: ReturnType<typeof bench>, matchIndex: number, round = 1) => ({
  kind: "appendReply" as const,
  from,
  term: it.state.hard.term,
  incarnation: it.state.hard.incarnation,
  success: true,
  matchIndex,
  round,
  staleIncarnation: false,
});

describe("§5.1 terms", () => {
  it("a leader that sees a higher term becomes a follower", () => {
    const it = bench();
    elect(it, 100_000);
    it.hear({ ...reply(b, it, 0), term: 9, success: false }, 100_100);
    expect([it.state.role, it.state.hard.term]).toEqual(["follower", 9]);
  });

  it("a message of an older term is answered with the newer one", () => {
    const it = bench([], { term: 5 });
    it.hear(append({ term: 3 }), 0);
    expect(it.sent.at(-1)).toMatchObject({ kind: "appendReply", term: 5, success: false });
  });
});

describe("§5.2 elections", () => {
  it("a server votes for one candidate a term, first come first served, and writes that down first", () => {
    const it = bench([], { term: 1 });
    it.take({ kind: "wake" }, 0);
    const vote = { kind: "requestVote" as const, term: 2, last: { index: 0, term: 0 } };
    const effects = it.hear({ ...vote, from: b }, 5_000);
    expect(effects.persist?.hard).toMatchObject({ term: 2, votedFor: b });
    expect(effects.sendAfterPersist[0]).toMatchObject({ kind: "voteReply", granted: true });
    it.hear({ ...vote, from: c }, 5_001);
    expect(it.sent.at(-1)).toMatchObject({ to: c, granted: false });
  });

  it("a candidate that hears the leader of its term follows it", () => {
    const it = bench([], { term: 1 });
    it.take({ kind: "wake" }, 0);
    it.take({ kind: "wake" }, 9_000);
    it.hear({ kind: "preVoteReply", from: b, term: 2, granted: true }, 9_001);
    expect(it.state.role).toBe("candidate");
    it.hear(append({ from: c }), 9_002);
    expect([it.state.role, it.state.leader]).toEqual(["follower", c]);
  });

  it("a group of one elects itself at once and commits alone", () => {
    const it = bench([], {}, { members: [a] });
    it.take({ kind: "propose", commands: ["x"] }, 0);
    expect(it.applied.map((entry) => entry.command)).toEqual(["", "x"]);
  });

  it("one voter is counted once, however often it answers", () => {
    const it = bench([], { term: 1 }, { members: [a, b, c, "d", "e"] as never });
    it.take({ kind: "wake" }, 0);
    it.take({ kind: "wake" }, 9_000);
    for (let i = 0; i < 3; i += 1) it.hear({ kind: "preVoteReply", from: b, term: 2, granted: true }, 9_001);
    expect(it.state.role).toBe("preCandidate");
  });
});

describe("§5.3 log replication", () => {
  it("a follower refuses entries whose predecessor it does not hold, and says where the logs may meet", () => {
    const it = bench([1, 1], { term: 2 });
    it.hear(append({ prev: { index: 5, term: 2 } }), 0);
    expect(it.sent.at(-1)).toMatchObject({ success: false, matchIndex: 2 });
  });

  it("entries that conflict are removed with all that follow them", () => {
    const it = bench([1, 1, 1], { term: 1 });
    const effects = it.hear(
      append({ prev: { index: 1, term: 1 }, entries: [{ index: 2, term: 2, command: "new" }] }),
      0,
    );
    expect(effects.persist).toMatchObject({ truncateFrom: 2, append: [{ index: 2, term: 2 }] });
    expect(it.sent.at(-1)).toMatchObject({ success: true, matchIndex: 2 });
  });

  it("a repeated or overtaken append removes nothing", () => {
    const it = bench([1, 1, 1], { term: 1 });
    const effects = it.hear(append({ entries: [{ index: 1, term: 1, command: "c1" }] }), 0);
    expect(effects.persist).toMatchObject({ truncateFrom: null, append: [] }); // the new term only
    expect(it.sent.at(-1)).toMatchObject({ success: true, matchIndex: 1 });
  });
});

describe("§5.4 safety", () => {
  it("a log that ends in a later term, or is longer, wins the vote", () => {
    const ask = (last: { index: number; term: number }) => {
      const it = bench([1, 2], { term: 2 });
      it.take({ kind: "wake" }, 0);
      it.hear({ kind: "requestVote", from: b, term: 3, last }, 5_000);
      return it.sent.at(-1);
    };
    expect(ask({ index: 9, term: 1 })).toMatchObject({ granted: false });
    expect(ask({ index: 1, term: 2 })).toMatchObject({ granted: false });
    expect(ask({ index: 2, term: 2 })).toMatchObject({ granted: true });
    expect(ask({ index: 1, term: 3 })).toMatchObject({ granted: true });
  });

  it("§5.4.2: an entry of an older term is not committed by counting, but with one of the leader's own", () => {
    const it = bench([1, 2], { term: 3 });
    elect(it, 100_000);
    it.hear(reply(b, it, 2), 100_001);
    expect(it.state.commitIndex).toBe(0);
    it.hear(reply(b, it, 3), 100_002);
    expect(it.state.commitIndex).toBe(3);
  });
});

describe("§6 cluster membership changes", () => {
  const joint = { servers: group([c, d, e]).servers, outgoing: group([a, b, c]).servers };
  const entry = { index: 1, term: 2, command: encodeConfiguration(joint) };

  it("a server uses the latest configuration in its log, committed or not, and the one before when it is cut", () => {
    const it = bench([], { term: 1 });
    it.hear(append({ entries: [entry] }), 0);
    expect(configurationOf(it.state)).toEqual(joint);
    it.hear(append({ from: c, term: 3, entries: [{ index: 1, term: 3, command: "x" }] }), 5_000);
    expect(configurationOf(it.state)).toEqual(group([a, b, c]));
  });

  it("in a joint configuration an election needs majorities of the old and of the new servers", () => {
    const it = bench([], { term: 1 });
    it.hear(append({ entries: [entry] }), 0);
    it.take({ kind: "wake" }, 9_000);
    for (const from of [d, e]) it.hear({ kind: "preVoteReply", from, term: 3, granted: true }, 9_001);
    expect(it.state.role).toBe("preCandidate"); // two of c, d, e, but only a of a, b, c
    it.hear({ kind: "preVoteReply", from: b, term: 3, granted: true }, 9_002);
    expect(it.state.role).toBe("candidate");
  });

  it("servers that are new collect entries before they count: a non-voter acknowledges and decides nothing", () => {
    const it = bench();
    elect(it, 100_000);
    it.hear(reply(b, it, 1), 100_001);
    it.take({ kind: "change", change: { kind: "addNonvoter", id: d, address: "d" } }, 100_002);
    it.hear(reply(d, it, 2), 100_003);
    expect(it.state.commitIndex).toBe(1);
    it.hear(reply(b, it, 2), 100_004);
    expect(it.state.commitIndex).toBe(2);
  });
});

describe("§7 log compaction", () => {
  const snapshot = (fields: Record<string, unknown>) => ({
    ...{
      kind: "snapshot" as const,
      from: b,
      term: 2,
      incarnation: 1,
      round: 1,
      data: "x",
      chunk: 0,
      chunks: 1,
    },
    ...{ last: { index: 9, term: 2 }, configuration: { index: 4, configuration: group([a, b]) } },
    ...fields,
  });

  it("a snapshot replaces the whole log of a follower that has nothing of it", () => {
    const it = bench([1, 1], { term: 1 });
    const effects = it.hear(snapshot({}), 0);
    expect(effects.persist?.install).toMatchObject({ last: { index: 9, term: 2 } });
    expect([it.state.log.base.index, it.state.commitIndex, it.state.appliedIndex]).toEqual([9, 9, 9]);
    expect(configurationOf(it.state)).toEqual(group([a, b]));
    expect(it.sent.at(-1)).toMatchObject({ kind: "appendReply", success: true, matchIndex: 9 });
  });

  it("one that describes a prefix of what the follower has is not installed, and nothing after it is lost", () => {
    const it = bench([1, 1, 1, 1], { term: 2 });
    const effects = it.hear(snapshot({ last: { index: 3, term: 1 } }), 0);
    expect(effects.persist?.install ?? null).toBeNull();
    expect(it.state.commitIndex).toBe(3);
    expect(it.state.log.tail).toHaveLength(4);
  });

  it("is refused from a leader of an older term, and from a superseded one", () => {
    const it = bench([], { term: 5 });
    it.hear(snapshot({}), 0);
    expect(it.sent.at(-1)).toMatchObject({ kind: "appendReply", success: false, term: 5 });
    it.hear(append({ term: 5, incarnation: 3 }), 1);
    it.hear(snapshot({ term: 5, incarnation: 2 }), 2);
    expect(it.sent.at(-1)).toMatchObject({ staleIncarnation: true, success: false });
    expect(it.state.log.base.index).toBe(0);
  });
});

describe("thesis §3.10 leadership transfer", () => {
  it("a follower that its leader tells to campaigns at once, without asking first", () => {
    const it = bench([1], { term: 2 });
    it.hear(append({ prev: { index: 1, term: 1 } }), 0);
    it.hear({ kind: "timeoutNow", from: b, term: 2, incarnation: 1, round: 1 }, 10);
    expect(it.state.role).toBe("candidate");
    expect(it.sent.at(-1)).toMatchObject({ kind: "requestVote", term: 3, transfer: { round: 1 } });
  });

  it("nobody else may tell it so", () => {
    const it = bench([1], { term: 2 });
    it.hear(append({ prev: { index: 1, term: 1 } }), 0);
    it.hear({ kind: "timeoutNow", from: c, term: 2, incarnation: 1, round: 1 }, 10);
    it.hear({ kind: "timeoutNow", from: b, term: 1, incarnation: 1, round: 1 }, 10);
    expect([it.state.role, it.state.hard.term]).toEqual(["follower", 2]);
  });
});

describe("§8 clients, thesis §6.4 reads", () => {
  it("a read waits for the leader's own entry and for a quorum's answer to a round that began after it", () => {
    const it = bench();
    elect(it, 100_000);
    it.take({ kind: "read", id: 7, lease: false }, 100_001);
    expect(it.hear(reply(b, it, 1, 1), 100_002).answers).toEqual([]);
    const effects = it.hear(reply(b, it, 1, 2), 100_003);
    expect(effects.answers).toEqual([{ kind: "readReady", id: 7, index: 1 }]);
  });

  it("a lease answers at once while it lasts, and no longer", () => {
    const it = bench();
    elect(it, 100_000);
    it.hear(reply(b, it, 1, 1), 100_002);
    it.take({ kind: "read", id: 0, lease: true }, 100_100); // this one waits for the write that shows trust
    expect(it.take({ kind: "read", id: 1, lease: true }, 100_700).answers).toHaveLength(1);
    expect(it.take({ kind: "read", id: 2, lease: true }, 100_760).answers).toHaveLength(0);
  });
});

describe("thesis §4.2.3, §6.2, §9.6", () => {
  it("a server that was cut off cannot depose a leader that others hear", () => {
    const it = bench([], { term: 1 });
    it.hear(append({ from: b, term: 2 }), 5_000);
    it.hear({ kind: "requestVote", from: c, term: 9, last: { index: 9, term: 8 } }, 5_500);
    expect([it.state.hard.term, it.state.leader]).toEqual([2, b]);
  });

  it("a pre-vote changes no term", () => {
    const it = bench([], { term: 1 });
    it.take({ kind: "wake" }, 0);
    it.hear({ kind: "preVote", from: b, term: 2, last: { index: 0, term: 0 } }, 5_000);
    expect(it.sent.at(-1)).toMatchObject({ kind: "preVoteReply", granted: true, term: 2 });
    expect(it.state.hard.term).toBe(1);
  });

  it("a leader that no majority answers steps down and refuses the reads that wait", () => {
    const it = bench();
    elect(it, 100_000);
    it.take({ kind: "read", id: 1, lease: false }, 100_001);
    const effects = it.take({ kind: "wake" }, 102_000);
    expect(it.state.role).toBe("follower");
    expect(effects.answers).toEqual([{ kind: "readRefused", id: 1, leader: null }]);
  });
});

describe("design.md §2: sleep and resume", () => {
  it("a restarted leader goes on in its term under a higher incarnation, written before the first message", () => {
    const it = bench([1], { term: 1, leaderTerm: 1, votedFor: a, incarnation: 4 });
    const effects = it.take({ kind: "wake" }, 0);
    expect(effects.persist?.hard).toMatchObject({ term: 1, incarnation: 5 });
    expect(effects.sendNow).toEqual([]);
    expect(effects.sendAfterPersist[0]).toMatchObject({ kind: "append", incarnation: 5 });
  });

  it("a follower refuses a superseded incarnation", () => {
    const it = bench([], { term: 1 });
    it.hear(append({ incarnation: 3 }), 0);
    it.hear(append({ incarnation: 2 }), 1);
    expect(it.sent.at(-1)).toMatchObject({ staleIncarnation: true, incarnation: 3, success: false });
  });

  it("followers that have everything stop their timers, then the leader does, behind one alarm", () => {
    const it = bench([], {}, { mode: "drowsy" });
    elect(it, 100_000);
    for (const peer of [b, c]) it.hear(reply(peer, it, 1), 100_010);
    it.take({ kind: "wake" }, 101_000);
    for (const peer of [b, c]) it.hear(reply(peer, it, 1, it.state.leading!.round), 101_010);
    it.take({ kind: "wake" }, 102_100);
    expect(it.sent.at(-1)).toMatchObject({ kind: "append", quiesce: true });
    const round = it.state.leading!.round;
    it.hear(reply(b, it, 1, round), 102_110);
    const effects = it.hear(reply(c, it, 1, round), 102_120);
    expect(effects).toMatchObject({ urgency: "alarm", wakeAt: 132_120 });
  });

  it("a stirred follower calls its leader and asks for votes when it does not answer", () => {
    const it = bench([], { term: 1 }, { mode: "drowsy" });
    it.hear(append({ term: 1, quiesce: true }), 0);
    expect(it.state.quiescent).toBe(true);
    const effects = it.take({ kind: "stir" }, 50_000);
    expect(effects.sendNow).toMatchObject([{ kind: "stir", to: b }]);
    it.take({ kind: "wake" }, effects.wakeAt!);
    expect(it.state.role).toBe("preCandidate");
  });
});
