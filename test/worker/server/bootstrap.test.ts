// Servers that find each other: from nobody with a configuration to one group, whatever order they learn things in.

import { describe, expect, it } from "vitest";
import { createServerDirectory, type MutableServerDirectory } from "../../../agent/rpc/server-directory.ts";
import type { BootstrapView } from "../../../shared/structs/raft-configuration.ts";
import { bootstrapCandidates, decideBootstrap } from "../../../worker/server/bootstrap.ts";
import { aKnownServer } from "../../support/known-servers.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";

const config = { datacenter: "dc1", bootstrapExpect: 3 };
const view = (candidates: readonly string[], change: Partial<BootstrapView> = {}): BootstrapView => ({
  expect: 3,
  group: [],
  index: 0,
  candidates,
  ...change,
});
const three = ["a", "b", "c"].map((id) => aKnownServer(id));
const all = ["a", "b", "c"];

describe("the decision to begin a group", () => {
  it("is made when all that are needed know the same servers", () => {
    const views = new Map([
      ["b", view(all)],
      ["c", view(all)],
    ]);
    expect(decideBootstrap("a", config, three, views)).toEqual({
      kind: "bootstrap",
      servers: all.map((id) => ({ id, address: "127.0.0.1:8300", voter: true })),
    });
  });

  it.each([
    ["two are known", three.slice(0, 2), new Map([["b", view(["a", "b"])]]), "2 of 3"],
    [
      "one does not answer",
      three,
      new Map([
        ["b", view(all)],
        ["c", null],
      ]),
      "c does not answer",
    ],
    [
      "one knows others",
      three,
      new Map([
        ["b", view(all)],
        ["c", view(["a", "c"])],
      ]),
      "c does not know the same servers yet",
    ],
    [
      "one expects another number",
      [...three.slice(0, 2), aKnownServer("c", { bootstrapExpect: 5 })],
      new Map(),
      "c expects 5 servers and this one 3",
    ],
    [
      "one was started with -bootstrap",
      [...three.slice(0, 2), aKnownServer("c", { bootstrap: true, bootstrapExpect: 0 })],
      new Map(),
      "c was started with -bootstrap",
    ],
    [
      "there is a group without this server",
      three,
      new Map([["b", view(all, { group: [{ id: "b", address: "x", voter: true }], index: 7 })]]),
      "b belongs to a group already",
    ],
  ])("waits while %s", (_what, known, views, why) => {
    const decision = decideBootstrap("a", config, known, views as ReadonlyMap<string, BootstrapView | null>);
    expect(decision).toMatchObject({ kind: "wait", why: expect.stringContaining(why) });
  });

  it("joins in the list of those who were quicker, but not in one that was changed since", () => {
    const group = all.map((id) => ({ id, address: "127.0.0.1:8300", voter: true }));
    const quicker = new Map([["b", view(all, { group })]]);
    expect(decideBootstrap("a", config, [aKnownServer("a")], quicker)).toEqual({
      kind: "bootstrap",
      servers: group,
    });
    const later = new Map([["b", view(all, { group, index: 12 })]]);
    expect(decideBootstrap("a", config, three, later).kind).toBe("wait");
  });

  it("counts neither the dead, nor replicas, nor other datacenters", () => {
    const others = [
      aKnownServer("d", { state: "failed" }),
      aKnownServer("e", { nonVoter: true }),
      aKnownServer("f", { datacenter: "dc2" }),
    ];
    expect(bootstrapCandidates([...three, ...others], config).map(({ id }) => id)).toEqual(all);
    expect(bootstrapCandidates(three, { ...config, bootstrapExpect: 0 })).toEqual([]);
  });
});

describe("servers that gossip", () => {
  const ids = ["server-1", "server-2", "server-3", "server-4"];
  const known = (id: string) => aKnownServer(id, { address: `${id}.dc1` });

  function cluster(size: number, expect = 3) {
    const directories = new Map<string, MutableServerDirectory>();
    const made = new MemoryCluster(size, (id) => {
      const directory = directories.get(id) ?? createServerDirectory([known(id)]);
      directories.set(id, directory);
      return {
        directory,
        config: { servers: [], bootstrapExpect: expect, mode: "awake", raftTimes: { heartbeatMillis: 75 } },
      };
    });
    const learn = (id: string, ...others: string[]) => directories.get(id)?.set([id, ...others].map(known));
    return { made, learn, directories };
  }

  it("form one group, whoever hears of whom first, and add who comes later", async () => {
    const { made, learn } = cluster(4);
    await made.time.advance(5_000);
    expect(made.hosts.map(({ server }) => server.status().bootstrapped)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    learn("server-1", "server-2", "server-3");
    learn("server-2", "server-1", "server-3");
    await made.time.advance(3_000);
    expect(made.hosts.some(({ server }) => server.status().bootstrapped)).toBe(false);
    learn("server-3", "server-1", "server-2");
    await made.time.advance(3_000);
    const groups = made.hosts.slice(0, 3).map(({ server }) => server.status().servers.map(({ id }) => id));
    expect(groups).toEqual([ids.slice(0, 3), ids.slice(0, 3), ids.slice(0, 3)]);
    expect(made.server("server-4").status().bootstrapped).toBe(false);
    for (const id of ids) learn(id, ...ids.filter((other) => other !== id));
    await made.time.advance(3_000);
    const late = () =>
      made
        .server("server-1")
        .status()
        .servers.find(({ id }) => id === "server-4");
    expect(late()).toMatchObject({ voter: false, address: "server-4.dc1:8300" });
    await made.time.advance(15_000);
    expect(late()).toMatchObject({ voter: true });
    expect(made.server("server-4").status()).toMatchObject({
      bootstrapped: true,
      appliedIndex: expect.any(Number),
    });
    const { appliedIndex } = made.server("server-4").status();
    expect(appliedIndex).toBe(made.server(await made.leader()).status().appliedIndex);
  });

  it("of which one was slower by a whole election still gets its configuration", async () => {
    const { made, learn } = cluster(3);
    for (const id of ids.slice(0, 3)) learn(id, ...ids.slice(0, 3).filter((other) => other !== id));
    made.stop("server-3");
    await made.time.advance(3_000);
    expect(made.server("server-1").status().bootstrapped).toBe(false);
    made.restart("server-3");
    await made.time.advance(5_000);
    for (const id of ids.slice(0, 3)) expect(made.server(id).status().bootstrapped).toBe(true);
    made.stop(await made.leader());
    await made.time.advance(5_000);
    expect(await made.leader()).toBeTruthy();
  });
});
