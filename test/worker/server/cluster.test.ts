// Three real servers in memory, through the doors that worker/runtime uses.

import { describe, expect, it } from "vitest";
import type { U64 } from "../../../shared/base/brand.ts";
import { fail } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { Consistency, QueryOptions } from "../../../shared/structs/query.ts";
import { createCanceller } from "../../../shared/rpc/cancellation.ts";
import { fakeLink, helloOf } from "../../support/fake-link.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { watch } from "../../support/virtual-time.ts";

const options: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 0,
  waitMillis: 0,
};
const flags = "0" as U64;

/** Puts a key through one server. */
async function put(cluster: MemoryCluster, id: string, key: string, value = "YQ==", datacenter = "") {
  const operation = { verb: "set", key, value, flags } as const;
  const written = watch(cluster.server(id).backend.call("KVS.Apply", { token: "", operation, datacenter }));
  await cluster.time.advance(1_000);
  return written.value;
}

function get(cluster: MemoryCluster, id: string, key: string, change: Partial<QueryOptions> = {}) {
  return watch(cluster.server(id).backend.call("KVS.Get", { options: { ...options, ...change }, key }));
}

describe("three servers", () => {
  it("take a write at any of them and show it at each", async () => {
    const cluster = new MemoryCluster();
    for (const id of [await cluster.leader(), ...(await cluster.followers())]) {
      expect(await put(cluster, id, `by/${id}`)).toEqual({ ok: true, value: true });
      for (const { id: reader } of cluster.hosts) {
        for (const consistency of ["default", "consistent"] as Consistency[]) {
          const read = get(cluster, reader, `by/${id}`, { consistency });
          await cluster.time.advance(100);
          expect(read.value).toMatchObject({
            ok: true,
            value: {
              meta: { knownLeader: true, lastContactMillis: 0 },
              value: { Key: `by/${id}`, Value: "YQ==" },
            },
          });
        }
      }
    }
  });

  it("answer stale reads each by itself, and say how old they are", async () => {
    const cluster = new MemoryCluster();
    await put(cluster, await cluster.leader(), "a");
    const [follower] = await cluster.followers();
    cluster.calls.length = 0;
    const read = get(cluster, follower ?? "", "a", { consistency: "stale" });
    await cluster.time.settle();
    expect(read.value).toMatchObject({
      ok: true,
      value: { meta: { knownLeader: true }, value: { Key: "a" } },
    });
    const meta = read.value?.ok ? read.value.value.meta : null;
    expect(meta?.lastContactMillis).toBeGreaterThan(0);
    expect(cluster.calls).toEqual([]);
  });

  it("wake a blocking query on each of them once for its change, and not for another", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    await put(cluster, leader, "a", "MQ==");
    const first = get(cluster, leader, "a");
    await cluster.time.advance(100);
    const minIndex = first.value?.ok ? first.value.value.meta.index : 0;
    const blocked = cluster.hosts.map(({ id }) => get(cluster, id, "a", { minIndex, waitMillis: 60_000 }));
    await put(cluster, leader, "b");
    await cluster.time.advance(5_000);
    expect(blocked.map((query) => query.done)).toEqual([false, false, false]);
    await put(cluster, leader, "a", "Mg==");
    for (const query of blocked) {
      expect(query.value).toMatchObject({ ok: true, value: { value: { Value: "Mg==" } } });
    }
  });

  it("end a blocking query at its time with the index as it is, also when the asked one is far ahead", async () => {
    const cluster = new MemoryCluster();
    const [follower = ""] = await cluster.followers();
    await put(cluster, follower, "a");
    const query = get(cluster, follower, "a", { minIndex: 1_000_000, waitMillis: 10_000 });
    await cluster.time.advance(9_000);
    expect(query.done).toBe(false);
    await cluster.time.advance(2_000);
    const index = query.value?.ok ? query.value.value.meta.index : 0;
    expect(index).toBeGreaterThan(0);
    expect(index).toBeLessThan(100);
  });

  it("leave nothing behind of a query whose caller went away", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    await put(cluster, leader, "a");
    const { cancellation, cancel } = createCanceller();
    const request = { options: { ...options, minIndex: 1_000, waitMillis: 600_000 }, key: "a" };
    const query = watch(cluster.server(leader).backend.call("KVS.Get", request, cancellation));
    await cluster.time.settle();
    cancel();
    await cluster.time.settle();
    expect(query.value?.ok).toBe(false);
    await cluster.time.advance(10_000);
    expect(cluster.host(leader).armed()).toBeGreaterThan(cluster.time.now + 10_000); // raft's alarm alone
  });

  it("give the same answers when any server restarts between two requests", async () => {
    const cluster = new MemoryCluster();
    await cluster.leader();
    for (const { id } of cluster.hosts) {
      expect(await put(cluster, id, `k/${id}`)).toEqual({ ok: true, value: true });
      for (const { id: restarted } of cluster.hosts) {
        cluster.restart(restarted);
        const read = get(cluster, restarted, `k/${id}`);
        await cluster.time.advance(1_500);
        expect(read.value, `${restarted} after ${id}`).toMatchObject({
          ok: true,
          value: { value: { Key: `k/${id}` } },
        });
      }
    }
  });

  it("know one datacenter", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    const refused = fail(serverError("noPathToDatacenter"));
    expect(await get(cluster, leader, "a", { datacenter: "dc9" }).promise).toEqual(refused);
    expect(await put(cluster, leader, "a", "YQ==", "dc9")).toEqual(refused);
    const own = get(cluster, leader, "a", { datacenter: "dc1" });
    await cluster.time.advance(100);
    expect(own.value).toMatchObject({ ok: true, value: { value: null } });
  });

  it("say that there is no leader when two of three are down, and still answer stale reads", async () => {
    const cluster = new MemoryCluster();
    await put(cluster, await cluster.leader(), "a");
    const [follower = "", other = ""] = await cluster.followers();
    cluster.stop(await cluster.leader());
    cluster.stop(other);
    const read = get(cluster, follower, "a");
    const operation = { verb: "set", key: "a", value: null, flags } as const;
    const write = watch(cluster.server(follower).backend.call("KVS.Apply", { token: "", operation }));
    await cluster.time.advance(limits.rpcHoldMillis - 100);
    expect([read.done, write.done]).toEqual([false, false]);
    await cluster.time.advance(200);
    expect([read.value, write.value]).toEqual([fail(serverError("noLeader")), fail(serverError("noLeader"))]);
    const stale = await get(cluster, follower, "a", { consistency: "stale" }).promise;
    expect(stale).toMatchObject({ ok: true, value: { meta: { knownLeader: false }, value: { Key: "a" } } });
  });

  it("never pass a forwarded call on", async () => {
    const cluster = new MemoryCluster();
    const leader = await cluster.leader();
    const [follower = "", other = ""] = await cluster.followers();
    const answer = await cluster
      .server(follower)
      .handleCall(other as never, "KVS.Get", { options, key: "a" });
    expect(answer).toEqual(fail(serverError("noLeader", leader)));
  });
});

describe("the links of three servers", () => {
  async function linked(node = "n1") {
    const cluster = new MemoryCluster();
    const [follower = ""] = await cluster.followers();
    const link = fakeLink("l1");
    cluster.host(follower).links.push(link);
    cluster.server(follower).linkOpened(link);
    const say = (...messages: object[]) => cluster.server(follower).linkFrame(link, JSON.stringify(messages));
    say(helloOf(node));
    await cluster.time.advance(500);
    return { cluster, follower, link, say };
  }

  async function nodeIndex(cluster: MemoryCluster, node: string): Promise<number | null> {
    const read = watch(
      cluster.server(await cluster.leader()).backend.call("Catalog.NodeServices", { options, node }),
    );
    await cluster.time.advance(100);
    return read.value?.ok ? (read.value.value.value?.Node.ModifyIndex ?? null) : null;
  }

  it("register the agent that says hello, once, whatever restarts", async () => {
    const { cluster, follower, link, say } = await linked();
    const index = await nodeIndex(cluster, "n1");
    expect(index).toBeGreaterThan(0);
    const { commitIndex } = cluster.server(follower).status();
    say(helloOf("n1"));
    await cluster.time.advance(500);
    cluster.restart(follower);
    await cluster.time.advance(500);
    expect(link.messages().map((message) => message.t)).toEqual(["welcome", "welcome", "reset"]);
    expect(await nodeIndex(cluster, "n1")).toBe(index);
    expect(cluster.server(follower).status().commitIndex).toBe(commitIndex);
    const members = watch(cluster.server(await cluster.leader()).backend.call("Status.Members", {}));
    await cluster.time.advance(100);
    expect(members.value?.ok ? members.value.value.map((member) => member.Name) : []).toEqual([
      "n1",
      "server-1",
      "server-2",
      "server-3",
    ]);
  });

  it("miss no change when a server sleeps while a query waits", async () => {
    const { cluster, follower, link, say } = await linked();
    await put(cluster, follower, "a", "MQ==");
    const read = get(cluster, follower, "a");
    await cluster.time.advance(100);
    const minIndex = read.value?.ok ? read.value.value.meta.index : 0;
    const wait = {
      t: "request",
      id: 1,
      method: "KVS.Get",
      request: { options: { ...options, minIndex }, key: "a" },
    };
    say(wait);
    await cluster.time.advance(1_000);
    cluster.restart(follower);
    await put(cluster, await cluster.leader(), "a", "Mg==");
    expect(link.messages().map((message) => message.t)).toEqual(["welcome", "reset"]);
    say({ ...wait, again: true });
    await cluster.time.advance(100);
    expect(link.messages().at(-1)).toMatchObject({ t: "reply", id: 1, value: { value: { Value: "Mg==" } } });
  });

  it("deregister the node of a goodbye", async () => {
    const { cluster, link, say } = await linked();
    expect(await nodeIndex(cluster, "n1")).toBeGreaterThan(0);
    say({ t: "goodbye" });
    await cluster.time.advance(500);
    expect(link.closedWith()).toBe("goodbye");
    expect(await nodeIndex(cluster, "n1")).toBe(null);
  });

  it("keep no timer when nothing happens", async () => {
    const { cluster, say } = await linked();
    say({
      t: "request",
      id: 1,
      method: "KVS.Get",
      request: { options: { ...options, minIndex: 900 }, key: "a" },
    });
    await cluster.time.advance(20_000);
    for (const host of cluster.hosts)
      expect((host.armed() ?? Infinity) - cluster.time.now).toBeGreaterThan(5_000);
  });
});
