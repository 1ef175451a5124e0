import { describe, expect, it } from "vitest";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { Consistency } from "../../../shared/structs/query.ts";
import { createAnswerCache } from "../../../worker/server/answer-cache.ts";
import { createBlockingQueries } from "../../../worker/server/blocking-queries.ts";
import { createCanceller } from "../../../shared/rpc/cancellation.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import type { Freshness } from "../../../worker/server/follower-reads.ts";
import type { LeaderTask } from "../../../worker/server/forwarding.ts";
import type { RaftStatus } from "../../../worker/server/raft-driver.ts";
import { createReads, type ReadOrigin } from "../../../worker/server/reads.ts";
import { VirtualTime, watch } from "../../support/virtual-time.ts";

/** A server whose state is one number at one index, and a leader that always answers "leader's". */
function server(role: RaftStatus["role"] = "follower", lastContactMillis = 120, appliedIndex = 5) {
  const time = new VirtualTime();
  const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
  const blocking = createBlockingQueries(time.defer);
  const state = {
    index: 5,
    value: 1,
    leases: [] as boolean[],
    forwarded: [] as unknown[],
    leased: false,
    alone: false,
    freshness: "leader" as Freshness,
    marked: 0,
  };
  const cache = createAnswerCache();
  const reads = createReads({
    driver: {
      contact: () => ({ role, leader: "server-1" as ServerId, lastContactMillis, appliedIndex }),
      confirmLeadership: async (lease) => {
        state.leases.push(lease);
        return ok(5);
      },
      mayReadNow: (consistency) => (consistency === "default" ? state.leased : state.alone),
    },
    forwarding: {
      roleChanged: () => {},
      marked: (answer) => {
        state.marked += 1;
        return answer;
      },
      findLeader: async () => null,
      atLeader: async (task: LeaderTask) => {
        if (role === "leader") return task.here();
        state.forwarded.push(task.request);
        return ok("leader's");
      },
    },
    followerReads: { freshen: async () => ok(state.freshness) },
    blocking,
    deadlines,
    cache,
    local: () => ({ index: state.index, keys: ["kv:a"], value: state.value }),
  });
  const { cancellation, cancel } = createCanceller();
  const ask = (consistency: Consistency, minIndex = 0, origin: ReadOrigin = "link") => {
    const options = { datacenter: "", token: "", consistency, minIndex, waitMillis: 1_000 };
    const answer = reads.read({ method: "KVS.Get", request: { options }, origin, cancellation });
    return watch(Promise.resolve(answer));
  };
  const change = async (index: number, value: number) => {
    Object.assign(state, { index, value });
    cache.changed(["kv:a"]);
    blocking.changed(["kv:a"]);
    await time.settle();
  };
  return { time, state, reads, ask, change, cancel, blocking, deadlines };
}

describe("reads", () => {
  it("ask nobody for default while the lease holds, and always for consistent", async () => {
    const s = server("leader");
    s.state.leased = true;
    expect(await s.ask("default").promise).toMatchObject({ value: { meta: { index: 5 }, value: 1 } });
    expect(s.state.leases).toEqual([]);
    await s.ask("consistent").promise;
    expect(s.state.leases).toEqual([false]);
  });

  it("ask nobody for consistent where this server is the quorum", async () => {
    const s = server("leader");
    s.state.alone = true;
    expect(await s.ask("consistent").promise).toMatchObject({ value: { meta: { index: 5 }, value: 1 } });
    expect(s.state.leases).toEqual([]);
  });

  it("vouch for an answer that is kept, until its keys change or the lease is over", async () => {
    const s = server("leader");
    s.state.leased = true;
    const first = await s.ask("default").promise;
    const second = await s.ask("default").promise;
    const third = await s.ask("default").promise;
    const valueIn = (answer: unknown) => (answer as { readonly value: object }).value;
    expect(s.reads.stillHolds(valueIn(first))).toBe(false); // asked for once: nobody keeps it
    expect(valueIn(third)).toBe(valueIn(second));
    expect(s.reads.stillHolds(valueIn(third))).toBe(true);
    s.state.leased = false;
    expect(s.reads.stillHolds(valueIn(third))).toBe(false);
    s.state.leased = true;
    expect(s.reads.stillHolds(valueIn(third))).toBe(true);
    await s.change(6, 2);
    expect(s.reads.stillHolds(valueIn(third))).toBe(false);
    expect(await s.ask("default").promise).toMatchObject({ value: { meta: { index: 6 }, value: 2 } });
  });

  it("vouch for no answer of a follower, and for none that came because a wait was over", async () => {
    const valueIn = (answer: unknown) => (answer as { readonly value: object }).value;
    const follower = server();
    const leader = server("leader");
    leader.state.leased = true;
    for (let turn = 0; turn < 3; turn++) {
      expect(follower.reads.stillHolds(valueIn(await follower.ask("stale").promise))).toBe(false);
      const waiting = leader.ask("default", 5, "backend");
      await leader.time.advance(1_001);
      expect(leader.reads.stillHolds(valueIn(await waiting.promise))).toBe(false);
    }
  });

  it("let a lease do for default, and ask the quorum for consistent", async () => {
    const s = server("leader");
    const answer = await s.ask("default").promise;
    expect(answer).toMatchObject({
      value: { meta: { index: 5, lastContactMillis: 0, knownLeader: true }, value: 1 },
    });
    await s.ask("consistent").promise;
    expect(s.state.leases).toEqual([true, false]);
  });

  it("are answered by a follower that is as new as the leader says, as if by the leader", async () => {
    const s = server("follower");
    s.state.freshness = "here";
    expect(await s.ask("default").promise).toMatchObject({
      value: { meta: { index: 5, lastContactMillis: 0, knownLeader: true }, value: 1 },
    });
    expect(s.state.forwarded).toEqual([]);
    expect(s.state.marked).toBe(1); // what is refused inside of it is worded as the leader's
  });

  it("go to the leader from a follower that is behind, without their wait", async () => {
    const s = server();
    expect(await s.ask("default").promise).toEqual(ok("leader's"));
    expect(s.state.forwarded).toMatchObject([
      { options: { consistency: "default", minIndex: 0, waitMillis: 0 } },
    ]);
  });

  it("are answered here when stale, with an age that JSON can carry", async () => {
    expect(await server().ask("stale").promise).toMatchObject({
      value: { meta: { lastContactMillis: 120 } },
    });
    const never = await server("follower", Number.POSITIVE_INFINITY).ask("stale").promise;
    expect(never).toMatchObject({ value: { meta: { lastContactMillis: 9_223_372_036_854 } } });
  });

  it("wait for a leader, stale ones too, on a server that never heard one and holds nothing", async () => {
    const s = server("follower", Number.POSITIVE_INFINITY, 0);
    expect(await s.ask("stale").promise).toEqual(ok("leader's"));
  });

  it("block on this server's own state, and are answered from it at once when it is newer", async () => {
    const s = server();
    expect(await s.ask("default", 4).promise).toMatchObject({ value: { meta: { index: 5 }, value: 1 } });
    const blocked = s.ask("default", 5);
    await s.change(6, 2);
    expect(blocked.value).toMatchObject({ value: { meta: { index: 6 }, value: 2 } });
    expect(s.state.forwarded).toEqual([]);
  });

  it("fetch what a consistent blocking query ends with from the leader", async () => {
    const s = server();
    const blocked = s.ask("consistent", 5);
    await s.change(6, 2);
    expect(blocked.value).toEqual(ok("leader's"));
  });

  it("have a deadline for HTTP callers and none for links", async () => {
    const s = server();
    const link = s.ask("default", 9);
    expect(s.deadlines.size).toBe(0);
    const http = s.ask("default", 9, "backend");
    await s.time.advance(999);
    expect(http.done).toBe(false);
    await s.time.advance(1);
    await s.time.settle();
    expect(http.value).toEqual(ok("leader's"));
    await s.time.advance(600_000);
    expect(link.done).toBe(false);
  });

  it("never block for another server", async () => {
    expect(await server().ask("default", 9, "peer").promise).toEqual(ok("leader's"));
  });

  it("end when their caller goes away, also one that was gone before", async () => {
    const s = server();
    const blocked = s.ask("default", 5);
    s.cancel();
    expect(await blocked.promise).toEqual(fail(serverError("timeout", "KVS.Get")));
    expect(await s.ask("default", 5).promise).toEqual(fail(serverError("timeout", "KVS.Get")));
    expect(s.blocking.waiters).toBe(0);
  });
});
