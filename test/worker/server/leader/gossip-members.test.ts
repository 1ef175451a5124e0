import { describe, expect, it } from "vitest";
import { createServerDirectory } from "../../../../agent/rpc/server-directory.ts";
import { selfMember } from "../../../../agent/local/node.ts";
import type { Member, MemberStatus } from "../../../../shared/structs/members.ts";
import { gossipMembers, planForMember } from "../../../../worker/server/leader/gossip-members.ts";
import { aConfig } from "../../../agent/rpc/virtual-world.ts";
import { aKnownServer, anOwnServer } from "../../../support/known-servers.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { watch } from "../../../support/virtual-time.ts";

const idOf = (name: string) =>
  `${Buffer.from(name).toString("hex").padStart(8, "0").slice(-8)}-0000-4000-8000-000000000000`;
const own = { datacenter: "dc1", id: idOf("leader") };

function member(name: string, Status: MemberStatus = 1, isServer = false): Member {
  const nodeId = idOf(name);
  const config = aConfig({ nodeName: name, nodeId, ownServer: isServer ? anOwnServer() : null });
  return { ...selfMember(config, 1), Status };
}

const right = { health: "passing", serverPort: null };

describe("what the catalog lacks of a member", () => {
  it("is nothing when it is right", () => {
    expect(planForMember(member("a"), right, own).kind).toBe("nothing");
    const server = { ...right, serverPort: 8300 };
    expect(planForMember(member("a", 1, true), server, own).kind).toBe("nothing");
  });

  it("is the node with serfHealth, and a server's service", () => {
    const plan = planForMember(member("a", 1, true), null, own);
    expect(plan).toMatchObject({
      kind: "register",
      registration: {
        ID: idOf("a"),
        SkipNodeUpdate: true,
        Service: { ID: "consul", Port: 8300, Meta: { version: "1.8.7", non_voter: "false" } },
        Checks: [{ Status: "passing", Output: "Agent alive and reachable" }],
      },
    });
    expect(planForMember(member("a"), { ...right, health: "critical" }, own)).toMatchObject({
      kind: "register",
      registration: { Service: null },
    });
  });

  it("is a critical check of one that failed, but not of one that nobody registered", () => {
    expect(planForMember(member("a", 4), right, own)).toMatchObject({
      registration: { Checks: [{ Status: "critical", Output: "Agent not live or unreachable" }] },
    });
    expect(planForMember(member("a", 4), { ...right, health: "critical" }, own).kind).toBe("nothing");
    expect(planForMember(member("a", 4), null, own).kind).toBe("nothing");
  });

  it("is the removal of one that left, unless it is the leader itself", () => {
    expect(planForMember(member("a", 3), right, own)).toMatchObject({
      kind: "deregister",
      deregistration: { Node: "a", ServiceID: "", CheckID: "" },
    });
    expect(planForMember(member("a", 3), null, own).kind).toBe("nothing");
    expect(planForMember(member("leader", 3), right, own).kind).toBe("nothing");
  });
});

describe("the leader of servers that gossip", () => {
  it("follows its members: joined, failed, back, forgotten", async () => {
    const ids = ["server-1", "server-2", "server-3"];
    const servers = ids.map((id) => aKnownServer(id, { address: `${id}.dc1` }));
    const directory = createServerDirectory(servers);
    const cluster = new MemoryCluster(3, () => ({ directory, config: { mode: "awake" } }));
    const leader = await cluster.leader();
    const healthOf = async (node: string) => {
      const options = {
        datacenter: "",
        token: "",
        consistency: "default",
        minIndex: 0,
        waitMillis: 0,
      } as const;
      const found = watch(cluster.server(leader).backend.call("Health.NodeChecks", { options, node }));
      await cluster.time.advance(200);
      return found.value?.ok ? found.value.value.value.map(({ Status }) => Status) : null;
    };
    const learn = async (...members: Member[]) => {
      directory.set(servers, members);
      await cluster.time.advance(500);
    };
    await learn(member("a"), member("b"));
    expect([await healthOf("a"), await healthOf("b")]).toEqual([["passing"], ["passing"]]);
    await learn(member("a", 4), member("b"));
    expect([await healthOf("a"), await healthOf("b")]).toEqual([["critical"], ["passing"]]);
    await learn(member("a"), member("b"));
    expect(await healthOf("a")).toEqual(["passing"]);
    await learn(member("a", 3), member("b"));
    expect(await healthOf("a")).toEqual([]);
    await learn(member("a", 3));
    expect(await healthOf("b")).toEqual([]);
    expect(gossipMembers).toBeTypeOf("function");
  });
});
