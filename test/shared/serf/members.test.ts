// shared/serf/member-intents.ts, leaving.ts, lamport.ts, push-pull.ts, rejoin.ts and state.ts by what members see.

import { beforeEach, describe, expect, it } from "vitest";
import { witness, witnessClock } from "../../../shared/serf/lamport.ts";
import { beginLeave } from "../../../shared/serf/leaving.ts";
import { reconnect } from "../../../shared/serf/member-intents.ts";
import { localUserState } from "../../../shared/serf/push-pull.ts";
import { parseRejoin, rejoinText } from "../../../shared/serf/rejoin.ts";
import type { SerfMessage } from "../../../shared/serf/types.ts";
import { serfCodec } from "../../../shared/wire/serf-codec.ts";
import { createPool, type Pool } from "./pool.ts";

let pool: Pool;
const hear = (name: string, message: SerfMessage) =>
  pool.hear(name, { kind: "user", payload: serfCodec.encode(message) });
const decoded = (payload: Uint8Array | undefined): SerfMessage | null => {
  const message = payload === undefined ? null : serfCodec.decode(payload);
  return message?.ok ? message.value : null;
};

beforeEach(() => {
  pool = createPool();
  for (const name of ["a", "b", "c"]) pool.add(name);
});

describe("Lamport's clock", () => {
  it("moves past what it has seen and never back", () => {
    expect([witness(5, 3), witness(5, 5), witness(5, 9)]).toEqual([5, 6, 10]);
    expect([witnessClock(5, 0), witnessClock(5, 9)]).toEqual([5, 9]);
  });
});

describe("members", () => {
  it("are alive when the core reports them, failed when they vanish, alive when they come back", () => {
    pool.crash("c");
    expect(pool.statuses("a")).toEqual({ a: "alive", b: "alive", c: "failed" });
    pool.hear("a", { kind: "join", member: pool.member("c") });
    expect(pool.statuses("a").c).toBe("alive");
    expect(pool.kinds("a")).toEqual(["memberJoin b", "memberJoin c", "memberFailed c", "memberJoin c"]);
  });

  it("have left when they said so before", () => {
    pool.give("c", { kind: "leave" });
    expect(pool.statuses("a")).toEqual({ a: "alive", b: "alive", c: "left" });
    expect(pool.kinds("b")).toContain("memberLeave c");
    expect(pool.node("c").events.map(({ kind }) => kind)).not.toContain("left");
    pool.pass(3_000);
    expect(pool.node("c").events.at(-1)).toEqual({ kind: "left" });
  });

  it.each(["our", "a real serf's"])(
    "have left, also for one whom %s exchange told the leave's time before the leave",
    (whose) => {
      // a has heard that c leaves, b has not, and a's half of a push/pull overtakes it.
      for (const name of ["b", "c"]) pool.node(name).up = false;
      const leave = { kind: "leave", time: pool.node("c").state.clock, node: "c", prune: false } as const;
      hear("a", leave);
      expect(pool.statuses("a").c).toBe("leaving");
      const own = localUserState(pool.node("a").state);
      const told = decoded(own);
      if (told?.kind !== "pushPull") throw new Error("no push/pull");
      expect(told.statusTimes.get("c")).toBe(leave.time - 1);
      const theirs = {
        ...told,
        leftMembers: [],
        statusTimes: new Map([...told.statusTimes, ["c", leave.time]]),
      };
      const half = whose === "our" ? own : serfCodec.encode(theirs);
      pool.hear("b", { kind: "userState", userState: half, join: false });
      hear("b", leave);
      expect(pool.statuses("b").c).toBe("leaving");
      pool.hear("b", { kind: "leave", member: { ...pool.member("c"), state: "dead" } });
      expect(pool.statuses("b").c).toBe("left");
    },
  );

  it("who changed their mind are alive, also for one who hears it by an exchange alone", () => {
    for (const name of ["b", "c"]) pool.node(name).up = false;
    const time = pool.node("c").state.clock;
    hear("b", { kind: "leave", time, node: "c", prune: false });
    hear("a", { kind: "join", time: time + 1, node: "c" });
    pool.hear("b", { kind: "userState", userState: localUserState(pool.node("a").state), join: false });
    expect(pool.statuses("b").c).toBe("alive");
  });

  it("leave once, though they are told twice", () => {
    pool.give("c", { kind: "leave" });
    const { state } = pool.node("c");
    const before = { ...state.leaving };
    beginLeave(state, pool.now + 500);
    expect(state.leaving).toEqual(before);
  });

  it("leave at once when nobody is there to hear it", () => {
    const alone = createPool();
    alone.add("x");
    alone.give("x", { kind: "leave" });
    expect(alone.kinds("x")).toEqual(["left"]);
  });

  it("leave in the end though nothing is ever transmitted", () => {
    const { state } = pool.node("a");
    const silent = createPool();
    silent.add("x");
    silent.nodes.get("x")?.state.members.set("b", state.members.get("b") as never);
    const node = silent.node("x");
    node.up = true;
    silent.nodes.set("x", node);
    // The core never says "transmitted": the intent, then the goodbye, time out.
    const give = silent.give;
    silent.give = (name, input) => {
      if (input.kind === "gossip" && (input.event.kind === "transmitted" || input.event.kind === "left"))
        return node.last;
      return give(name, input);
    };
    silent.give("x", { kind: "leave" });
    for (let second = 0; second < 13; second++) silent.pass(1_000);
    expect(silent.kinds("x")).toContain("left");
  });

  it("refute a leave that they never meant", () => {
    hear("b", { kind: "leave", time: 50, node: "b", prune: false });
    const answer = decoded(pool.node("b").spread.at(-1));
    expect(answer).toMatchObject({ kind: "join", node: "b", time: 51 });
    expect(pool.statuses("a").b).toBe("alive");
  });

  it("take the newest intent whatever the order of arrival", () => {
    pool.node("b").up = false; // it would refute
    hear("a", { kind: "join", time: 60, node: "b" });
    hear("a", { kind: "leave", time: 55, node: "b", prune: false });
    expect(pool.statuses("a").b).toBe("alive");
    hear("a", { kind: "leave", time: 61, node: "b", prune: false });
    expect(pool.statuses("a").b).toBe("leaving");
    hear("a", { kind: "join", time: 62, node: "b" });
    expect(pool.statuses("a").b).toBe("alive");
  });

  it("are known as leaving to who hears of it by a state exchange before the intent itself arrives", () => {
    const intent: SerfMessage = { kind: "leave", time: 70, node: "b", prune: false };
    pool.node("b").up = false; // it would refute
    pool.node("a").up = false; // not heard yet
    hear("c", intent);
    const half = localUserState(pool.node("c").state);
    expect(serfCodec.decode(half)).toMatchObject({ value: { leftMembers: ["b"] } });
    pool.hear("a", { kind: "userState", userState: half, join: false });
    expect(pool.statuses("a").b).toBe("leaving");
    expect(pool.node("a").state.members.get("b")?.statusTime).toBe(70);
    hear("a", intent);
    pool.gone("b");
    expect(pool.statuses("a").b).toBe("left");
  });

  it("have left though a serf's state exchange told the time of the intent before the intent", () => {
    const halfOfSerf = { kind: "pushPull" as const, time: 71, eventTime: 1, queryTime: 1, events: [] };
    pool.node("b").up = false;
    const userState = serfCodec.encode({ ...halfOfSerf, statusTimes: new Map([["b", 70]]), leftMembers: [] });
    pool.hear("a", { kind: "userState", userState, join: false });
    expect(pool.statuses("a").b).toBe("alive");
    hear("a", { kind: "leave", time: 70, node: "b", prune: false });
    pool.gone("b");
    expect(pool.statuses("a").b).toBe("left");
  });

  it("pass on what is news, and only that", () => {
    pool.node("c").up = false; // it would refute
    const before = pool.node("a").spread.length;
    const intent: SerfMessage = { kind: "leave", time: 70, node: "c", prune: false };
    hear("a", intent);
    hear("a", intent);
    expect(pool.node("a").spread.length).toBe(before + 1);
  });

  it("are leaving from the start when their intent came first", () => {
    hear("a", { kind: "leave", time: 9, node: "new", prune: false });
    const member = { ...pool.member("b"), name: "new" };
    pool.hear("a", { kind: "join", member });
    expect(pool.statuses("a").new).toBe("leaving");
  });

  it("are given up by a forced leave, and forgotten with prune", () => {
    pool.crash("c");
    pool.give("a", { kind: "forceLeave", node: "c", prune: false });
    expect([pool.statuses("a").c, pool.statuses("b").c]).toEqual(["left", "left"]);
    pool.give("a", { kind: "forceLeave", node: "c", prune: true });
    expect([pool.statuses("a").c, pool.statuses("b").c]).toEqual([undefined, undefined]);
    expect(pool.kinds("b")).toContain("memberReap c");
  });

  it("are forgotten when they are gone for too long: failed after 72 h, left after 24 h", () => {
    pool.crash("c");
    pool.give("b", { kind: "leave" });
    pool.pass(25 * 3_600_000);
    expect(pool.statuses("a")).toEqual({ a: "alive", c: "failed" });
    pool.pass(48 * 3_600_000);
    expect(pool.statuses("a")).toEqual({ a: "alive" });
    expect(pool.kinds("a").slice(-2)).toEqual(["memberReap b", "memberReap c"]);
  });

  it("are tried again while they are failed", () => {
    reconnect(pool.node("a").state);
    expect(pool.node("a").state.outbox.reconnects).toEqual([]);
    pool.crash("b");
    pool.crash("c");
    const tried = new Set<string>();
    for (let round = 0; round < 40; round++) {
      pool.now += 30_000;
      for (const { name } of pool.give("a", { kind: "wake" }).reconnects) tried.add(name);
    }
    expect([...tried].sort()).toEqual(["b", "c"]);
  });

  it("show their tags, old and new", () => {
    pool.give("b", { kind: "tags", tags: new Map([["role", "consul"]]) });
    pool.hear("a", { kind: "update", member: pool.member("b") });
    expect(pool.node("a").state.members.get("b")?.tags.get("role")).toBe("consul");
    expect(pool.kinds("a").at(-1)).toBe("memberUpdate b");
    const large = pool.give("b", { kind: "tags", tags: new Map([["role", "x".repeat(600)]]) });
    expect(large.refused).toBe("Encoded length of tags exceeds limit of 512 bytes");
    expect(large.gossip).toEqual([]);
  });
});

describe("the user half of a push/pull", () => {
  it("tells a newcomer who left, and the clocks", () => {
    pool.give("a", { kind: "userEvent", name: "deploy", payload: null, coalesce: false });
    pool.give("c", { kind: "leave" });
    const late = createPool();
    late.add("late");
    late.hear("late", { kind: "join", member: pool.member("a") });
    late.hear("late", { kind: "join", member: pool.member("c") });
    const userState = localUserState(pool.node("a").state);
    late.hear("late", { kind: "userState", userState, join: true });
    late.hear("late", { kind: "leave", member: { ...pool.member("c"), state: "left" } });
    expect(late.statuses("late")).toEqual({ late: "alive", a: "alive", c: "left" });
    expect(late.node("late").state.eventClock).toBe(pool.node("a").state.eventClock);
    expect(late.kinds("late")).toContain("userEvent");
  });

  it("brings no old events to a join that does not want them", () => {
    pool.give("a", { kind: "userEvent", name: "deploy", payload: null, coalesce: false });
    const late = createPool();
    late.add("late");
    late.give("late", { kind: "joining", ignoreOldEvents: true });
    late.hear("late", { kind: "userState", userState: localUserState(pool.node("a").state), join: true });
    expect(late.kinds("late")).toEqual([]);
  });

  it("counts what is none", () => {
    pool.hear("a", { kind: "userState", userState: Uint8Array.of(2, 0xff), join: false });
    expect(pool.node("a").state.refusedCount).toBe(1);
  });
});

describe("the rejoin file", () => {
  it("names the living and the clocks, and is read back", () => {
    pool.crash("c");
    const text = rejoinText(pool.node("a").state);
    expect(text).toMatch(/^alive: b 10\.0\.0\.2:8301\nclock: \d+\nevent-clock: 0\nquery-clock: 0\n$/);
    expect(parseRejoin(text, false).nodes).toEqual([{ name: "b", address: "10.0.0.2:8301" }]);
  });

  it("is empty after a leave, unless a rejoin is asked for", () => {
    pool.give("a", { kind: "leave" });
    const text = rejoinText(pool.node("a").state);
    expect(parseRejoin(text, false).nodes).toEqual([]);
    expect(parseRejoin(text, true).nodes.map(({ name }) => name)).toEqual(["b", "c"]);
  });

  it("understands what serf appends", () => {
    const text =
      "alive: x y 1.2.3.4:1\nalive: z [::1]:2\nnot-alive: x y\nclock: 7\ncoordinate: {}\n#\nclock: 9\nevent-clock: -3\n";
    expect(parseRejoin(text, false)).toEqual({
      nodes: [{ name: "z", address: "[::1]:2" }],
      clocks: { clock: 9, event: 0, query: 0 },
    });
  });

  it("keeps a restarted member ahead of its earlier life", () => {
    const again = createPool();
    const node = again.add("a", {}, { clocks: { clock: 41, event: 6, query: 8 } });
    expect([node.state.clock, node.state.eventClock, node.state.queryClock]).toEqual([42, 7, 9]);
    again.hear("a", {
      kind: "user",
      payload: serfCodec.encode({ kind: "userEvent", time: 6, name: "old", payload: null, coalesce: false }),
    });
    expect(again.kinds("a")).toEqual([]);
  });
});
