// The npm client "consul" 2.0.1, unchanged, against one `legate agent -dev`: keys, locks, sessions, transactions,
// watches, catalog, health, agent and status.

import Consul from "consul";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, freePort, type Running, startLegate } from "../support/legate-process.ts";

const node = "client-test";
/** The client turns `false` into undefined, with real Consul as well. */
const refused = undefined;
let agent: Running;
let consul: Consul;

beforeAll(async () => {
  const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const names = ["http", "dns", "serf-lan", "serf-wan", "server", "grpc"];
  const flags = names.map((name, at) => `-${name}-port=${ports[at]}`);
  agent = startLegate(["agent", "-dev", `-node=${node}`, ...flags]);
  consul = new Consul({ host: "127.0.0.1", port: ports[0] ?? 0 });
  await eventually("the agent's node is in the catalog", 15_000, async () => {
    const nodes = await consul.catalog.node.list().catch(() => []);
    return nodes.length > 0 ? nodes : undefined;
  });
});

afterAll(() => agent.stop());

describe("kv", () => {
  it("writes, reads, lists and deletes", async () => {
    expect(await consul.kv.set("a/1", "one")).toBe(true);
    expect(await consul.kv.set({ key: "a/2", value: "two", flags: 42 })).toBe(true);
    expect(await consul.kv.get("a/1")).toMatchObject({ Key: "a/1", Value: "one", Flags: 0, LockIndex: 0 });
    expect(String(await consul.kv.get({ key: "a/2", raw: true }))).toBe("two");
    const listed = (await consul.kv.get({ key: "a/", recurse: true })) as unknown as { Key: string }[];
    expect(listed.map((entry) => entry.Key)).toEqual(["a/1", "a/2"]);
    expect(await consul.kv.keys("a/")).toEqual(["a/1", "a/2"]);
    expect(await consul.kv.get("none")).toBeUndefined();
    expect(await consul.kv.del({ key: "a/", recurse: true })).toBe(true);
    await expect(consul.kv.keys("a/")).rejects.toThrow("not found");
  });

  it("checks before it sets", async () => {
    expect(await consul.kv.set({ key: "cas", value: "1", cas: 0 })).toBe(true);
    expect(await consul.kv.set({ key: "cas", value: "2", cas: 0 })).toBe(refused);
    const entry = (await consul.kv.get("cas")) as { ModifyIndex: number };
    expect(await consul.kv.set({ key: "cas", value: "2", cas: entry.ModifyIndex })).toBe(true);
  });
});

describe("session and lock", () => {
  it("lets one holder after the other have a key", async () => {
    const first = await consul.session.create({ name: "first", lockdelay: "0s", ttl: "30s" });
    const second = await consul.session.create({ name: "second", lockdelay: "0s" });
    const take = (session: string) => consul.kv.set({ key: "lock", value: "me", acquire: session });
    expect(await take(first.ID)).toBe(true);
    expect(await take(second.ID)).toBe(refused);
    expect(await consul.session.renew(first.ID)).toMatchObject([{ ID: first.ID, TTL: "30s" }]);
    expect(await consul.session.get(first.ID)).toMatchObject({ Name: "first", Node: node });
    expect((await consul.session.list()).map((session) => session.ID).sort()).toEqual(
      [first.ID, second.ID].sort(),
    );
    expect(await consul.session.node(node)).toHaveLength(2);
    await consul.session.destroy(first.ID);
    expect(await take(second.ID)).toBe(true);
    expect(await consul.kv.set({ key: "lock", value: "free", release: second.ID })).toBe(true);
    await consul.session.destroy(second.ID);
    expect(await consul.session.list()).toEqual([]);
  });
});

describe("transaction", () => {
  // Its types know only the form with options.
  const transact = (operations: readonly object[]) => consul.transaction.create(operations as never);

  it("does all or nothing", async () => {
    const done = await transact([
      { KV: { Verb: "set", Key: "t/1", Value: "b25l" } },
      { KV: { Verb: "get", Key: "t/1" } },
    ]);
    expect(done).toMatchObject({
      Results: [{ KV: { Value: null } }, { KV: { Value: "b25l" } }],
      Errors: null,
    });
    await expect(
      transact([{ KV: { Verb: "set", Key: "t/2", Value: "b25l" } }, { KV: { Verb: "get", Key: "none" } }]),
    ).rejects.toMatchObject({ message: expect.stringContaining("conflict") });
    expect(await consul.kv.get("t/2")).toBeUndefined();
  });
});

describe("watch", () => {
  it("hears of every change of a key", async () => {
    await consul.kv.set("watched", "0");
    const watch = consul.watch({ method: consul.kv.get, options: { key: "watched" }, backoffFactor: 100 });
    const seen: string[] = [];
    const errors: unknown[] = [];
    watch.on("change", (data: { Value: string }) => void seen.push(data.Value));
    watch.on("error", (error: unknown) => void errors.push(error));
    for (const value of ["0", "1", "2"]) {
      await consul.kv.set("watched", value);
      await eventually(`the watch saw ${value}`, 5_000, () => (seen.at(-1) === value ? true : undefined));
    }
    watch.end();
    expect(seen).toEqual(["0", "1", "2"]);
    expect(errors).toEqual([]);
  });
});

describe("agent, catalog and health", () => {
  it("registers a service, finds it, and sees its check", async () => {
    expect(await consul.status.leader()).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await consul.status.peers()).toHaveLength(1);
    expect(await consul.agent.self()).toMatchObject({ Config: { NodeName: node } });
    expect(await consul.agent.members()).toMatchObject([{ Name: node }]);
    await consul.agent.service.register({
      name: "web",
      id: "web-1",
      tags: ["v1"],
      port: 8080,
      check: { ttl: "60s", status: "critical" },
    } as never);
    expect(await consul.agent.service.list()).toMatchObject({ "web-1": { Service: "web", Port: 8080 } });
    const passing = () => consul.health.service({ service: "web", passing: true });
    await eventually("the service is in the catalog", 5_000, async () =>
      (await consul.catalog.service.list()).web === undefined ? undefined : true,
    );
    expect(await passing()).toEqual([]);
    await consul.agent.check.pass("service:web-1");
    const [found] = await eventually("its check passes", 5_000, async () => {
      const instances = await passing();
      return instances.length > 0 ? instances : undefined;
    });
    expect(found).toMatchObject({ Node: { Node: node }, Service: { ID: "web-1", Tags: ["v1"] } });
    expect(await consul.catalog.service.nodes("web")).toMatchObject([{ ServiceID: "web-1" }]);
    expect(await consul.catalog.datacenters()).toEqual(["dc1"]);
    expect(await consul.health.state("passing")).toContainEqual(
      expect.objectContaining({ CheckID: "service:web-1" }),
    );
    await consul.agent.service.deregister("web-1");
    await eventually("the service is gone", 5_000, async () =>
      (await consul.catalog.service.nodes("web")).length === 0 ? true : undefined,
    );
  });
});
