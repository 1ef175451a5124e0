import { describe, expect, it } from "vitest";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import { createFollowerReads } from "../../../worker/server/follower-reads.ts";
import type { RaftStatus } from "../../../worker/server/raft-driver.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { VirtualTime, watch } from "../../support/virtual-time.ts";

type Answer = Result<{ index: number; group: string }, ServerError>;

/** A follower that has applied 5; the test is the leader and raft. */
function follower() {
  const time = new VirtualTime();
  const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
  const asked: { lease: boolean; answer: (value: Answer) => void }[] = [];
  let reach = (): void => {};
  const reads = createFollowerReads({
    driver: {
      status: () => ({ role: "follower", appliedIndex: 5, cluster: "c", epoch: 0 }) as RaftStatus,
      applied: (index) =>
        new Promise((resolve) => {
          reach = () => resolve(ok(index));
        }),
      confirmLeadership: async () => fail(serverError("noLeader")),
    },
    forwarding: {
      roleChanged: () => {},
      marked: (answer) => answer,
      findLeader: async () => null,
      atLeader: (task) =>
        new Promise((answer) => {
          const { lease } = task.request as { lease: boolean };
          asked.push({ lease, answer: answer as (value: Answer) => void });
        }),
    },
    deadlines,
    defer: time.defer,
  });
  const freshen = (lease = true) => watch(reads.freshen(lease));
  return { time, asked, freshen, reach: () => reach() };
}

describe("fresh reads on a follower", () => {
  it("ask the leader once for all of a turn, and answer here when they have what it has", async () => {
    const s = follower();
    const all = [s.freshen(), s.freshen(), s.freshen(false)];
    await s.time.settle();
    expect(s.asked.map(({ lease }) => lease)).toEqual([true, false]);
    for (const { answer } of s.asked) answer(ok({ index: 5, group: "c 0" }));
    await s.time.settle();
    expect(all.map(({ value }) => value)).toEqual([ok("here"), ok("here"), ok("here")]);
  });

  it("wait for what the leader has more, a moment, and leave it to the leader after that", async () => {
    const s = follower();
    const first = s.freshen();
    await s.time.settle();
    s.asked[0]?.answer(ok({ index: 6, group: "c 0" }));
    await s.time.settle();
    expect(first.value).toBeUndefined();
    s.reach();
    await s.time.settle();
    expect(first.value).toEqual(ok("here"));
    const late = s.freshen();
    await s.time.settle();
    s.asked[1]?.answer(ok({ index: 7, group: "c 0" }));
    await s.time.advance(300);
    expect(late.value).toEqual(ok("leader"));
  });

  it("believe no index of another group, and pass errors on", async () => {
    const s = follower();
    const other = s.freshen();
    const old = s.freshen(false);
    await s.time.settle();
    s.asked[0]?.answer(ok({ index: 1, group: "c 1" }));
    s.asked[1]?.answer(fail(serverError("notImplemented", "Read.Index")));
    await s.time.settle();
    expect([other.value, old.value]).toEqual([ok("leader"), ok("leader")]);
    const none = s.freshen();
    await s.time.settle();
    s.asked[2]?.answer(fail(serverError("noLeader")));
    await s.time.settle();
    expect(none.value).toEqual(fail(serverError("noLeader")));
  });

  it("gather behind questions that are out, but not behind slow ones", async () => {
    const s = follower();
    for (let turn = 0; turn < 4; turn++) {
      s.freshen();
      await s.time.settle();
    }
    expect(s.asked).toHaveLength(2);
    await s.time.advance(150);
    expect(s.asked).toHaveLength(3);
  });
});

it("sees on a follower what was acknowledged anywhere, at once", async () => {
  const cluster = new MemoryCluster();
  const leader = await cluster.leader();
  const follower = ["server-1", "server-2", "server-3"].find((id) => id !== leader) ?? "";
  const options = { datacenter: "", token: "", consistency: "default" as const, minIndex: 0, waitMillis: 0 };
  for (let round = 0; round < 20; round++) {
    const operation = { verb: "set" as const, key: "a", value: btoa(String(round)), flags: "0" as never };
    const put = watch(
      cluster.server(leader).backend.call("KVS.Apply", { datacenter: "", token: "", operation } as never),
    );
    while (put.value === undefined) await cluster.time.advance(1);
    const from = cluster.time.clock.now();
    const read = watch(cluster.server(follower).backend.call("KVS.Get", { options, key: "a" }));
    while (read.value === undefined) await cluster.time.advance(1);
    expect(read.value).toMatchObject({ ok: true, value: { value: { Value: btoa(String(round)) } } });
    expect(cluster.time.clock.now() - from).toBeLessThan(30); // not the 40 ms after which a commit is told anyway
  }
});
