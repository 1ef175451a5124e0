// Sessions and locks on three servers that sleep, lose their memory and lose their leader.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import type { SessionRequest } from "../../../shared/structs/session.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { read, registration } from "../../support/state-builders.ts";
import { watch } from "../../support/virtual-time.ts";

const defaults: SessionRequest = {
  Name: "",
  Node: "n1",
  LockDelay: 0,
  Behavior: "release",
  TTL: "",
  NodeChecks: [],
  ServiceChecks: null,
};

async function world() {
  const cluster = new MemoryCluster();
  const { time } = cluster;
  const backend = async () => cluster.server(await cluster.leader()).backend;
  /** What came of it within a second. */
  async function done<T>(work: Promise<T>): Promise<T | undefined> {
    const seen = watch(work);
    await time.advance(1_000);
    return seen.value;
  }
  await done((await backend()).call("Catalog.Register", { token: "", registration: registration("n1") }));

  async function session(over: Partial<SessionRequest>): Promise<string> {
    const operation = { verb: "create", session: { ...defaults, ...over } } as const;
    const created = await done(
      (await backend()).call("Session.Apply", { operation, datacenter: "", token: "" }),
    );
    return created?.ok ? created.value : "";
  }

  return {
    cluster,
    time,
    session,
    async acquire(id: string): Promise<number | undefined> {
      const write = { key: "lock", value: null, flags: "0" as U64 };
      const operation = { verb: "acquire", session: id, ...write } as const;
      const got = await done((await backend()).call("KVS.Acquire", { operation, token: "" }));
      return got?.ok ? got.value : undefined;
    },
    async destroy(id: string) {
      const operation = { verb: "destroy", id } as const;
      await done((await backend()).call("Session.Apply", { operation, datacenter: "", token: "" }));
    },
    async renew(id: string): Promise<number | undefined> {
      const renewed = await done((await backend()).call("Session.Renew", { id, datacenter: "", token: "" }));
      return renewed?.ok ? renewed.value.length : undefined;
    },
    sessions: () =>
      cluster.hosts
        .filter((host) => host.isUp)
        .map((host) => read(host.sql, "Session.List", {}).value.length),
    /** The leader stops for ever, and another one is made to lead. */
    async failover(): Promise<void> {
      cluster.stop(await cluster.leader());
      const [other] = cluster.hosts.filter((host) => host.isUp);
      const options = {
        datacenter: "",
        token: "",
        consistency: "consistent",
        minIndex: 0,
        waitMillis: 0,
      } as const;
      void cluster.server(other?.id ?? "").backend.call("KVS.Get", { key: "x", options });
      await cluster.leader();
    },
  };
}

describe("locks on a group of servers", () => {
  it("are kept from the next holder by the lock delay, also by a leader that is new", async () => {
    const { session, acquire, destroy, failover, time } = await world();
    const first = await session({ LockDelay: 15e9 });
    const second = await session({});
    const token = await acquire(first);
    expect(token).toBeGreaterThan(0);
    await destroy(first);
    const ended = time.now;
    await failover();
    expect(time.now - ended).toBeLessThan(12_000);
    expect(await acquire(second)).toBe(0);
    await time.advance(15_000);
    expect(await acquire(second)).toBeGreaterThan(token ?? 0);
  });
});

describe("session TTLs on a group of servers", () => {
  it("end a session between once and twice its TTL after its last renewal", async () => {
    const { session, renew, sessions, time } = await world();
    const id = await session({ TTL: "10s" });
    await time.advance(8_000);
    expect(await renew(id)).toBe(1);
    await time.advance(10_000);
    expect(sessions()).toEqual([1, 1, 1]);
    await time.advance(11_000);
    expect(sessions()).toEqual([0, 0, 0]);
    expect(await renew(id)).toBe(0);
  });

  it("are started again by a renewal that comes to any server, and at the leader alone", async () => {
    const { cluster, session, sessions, time } = await world();
    const id = await session({ TTL: "10s" });
    for (const follower of await cluster.followers()) {
      await time.advance(12_000);
      const renewed = watch(
        cluster.server(follower).backend.call("Session.Renew", { id, datacenter: "", token: "" }),
      );
      await time.advance(1_000);
      expect(renewed.value).toMatchObject({ ok: true, value: [{ ID: id }] });
    }
    await time.advance(15_000);
    expect(sessions()).toEqual([1, 1, 1]);
    await time.advance(5_000);
    expect(sessions()).toEqual([0, 0, 0]);
  });

  it("let the group sleep until the first of them is over", async () => {
    const { cluster, session, time } = await world();
    await session({ TTL: "10s" });
    const created = time.now;
    const leader = cluster.host(await cluster.leader());
    await time.advance(2_000);
    expect(leader.server.status().quiescent).toBe(true);
    expect(leader.armed()).toBeGreaterThan(created + 17_000);
    expect(leader.armed()).toBeLessThanOrEqual(created + 20_000);
  });

  it("are those of before for a leader that merely lost its memory", async () => {
    const { cluster, session, sessions, time } = await world();
    await session({ TTL: "10s" });
    for (let n = 0; n < 3; n++) {
      await time.advance(5_000);
      cluster.restart(await cluster.leader());
      await cluster.leader();
    }
    expect(sessions()).toEqual([1, 1, 1]);
    await time.advance(8_000);
    expect(sessions()).toEqual([0, 0, 0]);
  });

  it("start again in full with a new leader", async () => {
    const { session, sessions, failover, time } = await world();
    await session({ TTL: "10s" });
    await time.advance(15_000);
    await failover();
    await time.advance(15_000);
    expect(sessions()).toEqual([1, 1]);
    await time.advance(7_000);
    expect(sessions()).toEqual([0, 0]);
  });
});
