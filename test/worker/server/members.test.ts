import { describe, expect, it } from "vitest";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { HealthCheck } from "../../../shared/structs/check.ts";
import type { Node } from "../../../shared/structs/node.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import { listMembers, serverNodeId } from "../../../worker/server/members.ts";
import { VirtualTime, watch } from "../../support/virtual-time.ts";

const servers = ["server-1", "server-2", "server-3"] as ServerId[];
const config = {
  id: servers[0],
  datacenter: "dc1",
  servers,
  addressOf: {
    "server-1": "server-1.dc1:8300",
    "server-2": "server-2.dc1:8300",
    "server-3": "server-3.dc1:8300",
  },
  version: "0.1.0",
} as unknown as ServerConfig;
const agent = (node: string) => ({
  node,
  nodeId: `${node}-id`,
  address: "10.0.0.1",
  serfPort: 9301,
  build: "0.1.0",
});

describe("the members", () => {
  it("are the servers, the agents linked to any of them, and who is only in the catalog", async () => {
    const time = new VirtualTime();
    const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
    const parts = {
      config,
      deadlines,
      linkedAgents: () => [agent("n1")],
      catalog: () => ({
        nodes: ["n2", "n3", "external"].map(
          (Node) => ({ Node, ID: `${Node}-id`, Address: "10.0.0.2" }) as Node,
        ),
        checks: [
          { Node: "n2", CheckID: "serfHealth", Status: "passing" },
          { Node: "n3", CheckID: "serfHealth", Status: "critical" },
          { Node: "external", CheckID: "other", Status: "passing" },
        ] as HealthCheck[],
      }),
      // server-2 has n2 linked; server-3 never answers.
      ask: (peer: ServerId): Promise<Result<unknown, ServerError>> =>
        peer === servers[1]
          ? listMembers(
              { ...parts, config: { ...config, id: peer }, linkedAgents: () => [agent("n2")] },
              true,
            ).then(ok)
          : new Promise(() => {}),
    };
    const listing = watch(listMembers(parts, false));
    await time.advance(1_000);
    await time.settle();
    const shown = listing.value?.map((member) => [member.Name, member.Status, member.Port, member.Tags.role]);
    expect(shown).toEqual([
      ["n1", 1, 9301, "node"],
      ["n2", 1, 9301, "node"],
      ["n3", 4, 8301, "node"],
      ["server-1", 1, 8300, "consul"],
      ["server-2", 1, 8300, "consul"],
      ["server-3", 4, 8300, "consul"],
    ]);
    expect(listing.value?.[3]).toEqual({
      Name: "server-1",
      Addr: "server-1.dc1",
      Port: 8300,
      Tags: {
        acls: "0",
        build: "0.1.0:",
        dc: "dc1",
        id: serverNodeId("dc1", "server-1" as ServerId),
        port: "8300",
        raft_vsn: "3",
        role: "consul",
        segment: "",
        vsn: "2",
        vsn_max: "3",
        vsn_min: "2",
      },
      Status: 1,
      ProtocolMin: 1,
      ProtocolMax: 5,
      ProtocolCur: 2,
      DelegateMin: 2,
      DelegateMax: 5,
      DelegateCur: 4,
    });
    expect(deadlines.size).toBe(0);
  });

  it("shows a server whose call fails as failed", async () => {
    const time = new VirtualTime();
    const deadlines = createDeadlines(time.wake(() => {}).port, time.clock);
    const listed = await listMembers(
      {
        config,
        deadlines,
        linkedAgents: () => [],
        catalog: () => ({ nodes: [], checks: [] }),
        ask: async () => fail(serverError("noServers", "gone")),
      },
      false,
    );
    expect(listed.map((member) => member.Status)).toEqual([1, 4, 4]);
  });

  it("gives every server an id of its own in the form of a UUID", () => {
    const ids = servers.map((server) => serverNodeId("dc1", server));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
