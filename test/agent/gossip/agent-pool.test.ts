// The pool as the agent's configuration wants it: tags, admission, joining at start.

import { describe, expect, it } from "vitest";
import { consulAdmission, createAgentPool, openAgentPool } from "../../../agent/gossip/agent-pool.ts";
import type { LanGossipConfig } from "../../../agent/config/runtime-config.ts";
import { memoryFiles } from "../../../agent/runtime/files.ts";
import type { Files } from "../../../agent/ports.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import { lanProfile } from "../../../shared/gossip/config.ts";
import { encodeTags } from "../../../shared/wire/serf-payloads.ts";
import { aConfig } from "../rpc/virtual-world.ts";
import { GossipWorld, shown } from "./gossip-world.ts";

const gossip: LanGossipConfig = {
  bindHost: "10.0.0.1",
  startJoin: [],
  retryJoin: [],
  retryIntervalMillis: 30_000,
  retryMax: 0,
  rejoinAfterLeave: false,
  encrypt: "",
  disableKeyringFile: false,
  reconnectTimeoutMillis: 72 * 3_600_000,
  verifyIncoming: true,
  verifyOutgoing: true,
  profile: lanProfile,
};

async function agent(
  world: GossipWorld,
  name: string,
  host: string,
  change: Partial<LanGossipConfig> = {},
  files: Files | null = null,
) {
  const nodeId = `${name.charCodeAt(0)}1111111-1111-4111-8111-111111111111`.slice(-36);
  const config = aConfig({
    nodeName: name,
    nodeId,
    advertiseAddr: host,
    dataDir: files === null ? "" : "data",
    gossip: { ...gossip, bindHost: host, ...change },
  });
  const kept = files === null ? {} : { files };
  const ports = { ...world.ports, ...kept, gossipNetwork: world.network(host), gossipCipher };
  const pool = createAgentPool(config, ports);
  const ended: string[] = [];
  expect(await openAgentPool(pool, false, ports)).toEqual({ ok: true, value: undefined });
  pool?.start((why) => ended.push(why));
  return { pool, ended };
}

describe("the agent's pool", () => {
  it("joins what the configuration names and shows Consul's tags", async () => {
    const world = new GossipWorld();
    const late = await agent(world, "b", "10.0.0.2", { retryJoin: ["10.0.0.1"] });
    await world.advance(1_000);
    const first = await agent(world, "a", "10.0.0.1");
    await world.advance(31_000);
    if (first.pool === null || late.pool === null) throw new Error("no pool");
    expect(shown(first.pool)).toEqual({ a: 1, b: 1 });
    expect(first.pool.members()[1]?.Tags).toMatchObject({
      role: "node",
      dc: "dc1",
      vsn: "2",
      build: "1.8.7:",
    });
    expect(late.ended).toEqual([]);
  });

  it("ends the agent when start_join reaches nobody", async () => {
    const world = new GossipWorld();
    const { ended } = await agent(world, "b", "10.0.0.2", { startJoin: ["10.0.0.1"] });
    await world.advance(1_000);
    expect(ended).toEqual([expect.stringContaining("connection refused")]);
  });

  it("comes back after it was killed: to whom it knew, and to the user events that it has missed", async () => {
    const world = new GossipWorld();
    const files = memoryFiles();
    const first = await agent(world, "a", "10.0.0.1");
    const life = await agent(world, "b", "10.0.0.2", { startJoin: ["10.0.0.1"] }, files);
    const fire = (name: string) =>
      first.pool?.serf()?.give({ kind: "userEvent", name, payload: null, coalesce: false });
    await world.advance(1_000);
    fire("before");
    await world.advance(2_000);
    const text = files.read("serf/local.snapshot");
    world.cut.add("10.0.0.2"); // killed: nothing is said
    await life.pool?.stop();
    if (text !== null) files.write("serf/local.snapshot", text);
    fire("missed");
    await world.advance(1_000);
    world.cut.delete("10.0.0.2");
    const heard: string[] = [];
    const again = await agent(world, "b", "10.0.0.2", {}, files);
    again.pool?.onEvent((event) => void (event.kind === "userEvent" && heard.push(event.name)));
    await world.advance(2_000);
    expect(heard).toEqual(["missed"]);
    expect(again.pool === null ? {} : shown(again.pool)).toEqual({ a: 1, b: 1 });
  });

  it("is not there without gossip in the configuration", () => {
    expect(createAgentPool(aConfig(), new GossipWorld().ports)).toBeNull();
  });
});

describe("admission", () => {
  const admit = consulAdmission({ nodeName: "me", nodeId: "id-me", datacenter: "dc1" });
  const versions = Uint8Array.of(1, 5, 2, 2, 5, 4);
  const address = { ip: Uint8Array.of(10, 0, 0, 1), port: 1 };
  const meta = (tags: Record<string, string>) => encodeTags(new Map(Object.entries(tags)));
  const alive = (tags: Record<string, string>, node = "x") =>
    admit.member({ kind: "alive", node, incarnation: 1, address, meta: meta(tags), versions });
  const node = (name: string, tags: Record<string, string>) => ({
    name,
    address,
    meta: meta(tags),
    incarnation: 1,
    state: "alive" as const,
    versions,
  });

  it("is for this datacenter and segment; a member without a role may be there", () => {
    expect(alive({ role: "node", dc: "dc1" })).toBeNull();
    expect(alive({ role: "node", dc: "dc2" })).toContain("wrong datacenter 'dc2'");
    expect(alive({ role: "consul", dc: "dc1", segment: "alpha" })).toContain("wrong segment");
    expect(alive({})).toBeNull();
  });

  it("is not for another name with our id, nor for two members with one id", () => {
    expect(alive({ role: "node", dc: "dc1", id: "id-me" })).toContain("conflicting node ID");
    expect(alive({ role: "node", dc: "dc1", id: "id-me" }, "me")).toBeNull();
    const twins = [
      node("x", { role: "node", dc: "dc1", id: "1" }),
      node("y", { role: "node", dc: "dc1", id: "1" }),
    ];
    expect(admit.merge(twins)).toContain("conflicting node ID '1' with member 'x'");
    expect(admit.merge([twins[0]!, node("z", { role: "node", dc: "dc1", id: "2" })])).toBeNull();
  });

  it("is not for who says no versions", () => {
    const silent = {
      kind: "alive" as const,
      node: "x",
      incarnation: 1,
      address,
      meta: meta({}),
      versions: versions.slice(0, 3),
    };
    expect(admit.member(silent)).toContain("no versions");
  });
});
