import { describe, expect, it } from "vitest";
import { selfMember } from "../../../agent/local/node.ts";
import { serversAmong } from "../../../agent/rpc/members-to-servers.ts";
import { anOwnServer } from "../../support/known-servers.ts";
import { aConfig } from "./virtual-world.ts";

const server = selfMember(aConfig({ ownServer: anOwnServer({ bootstrapExpect: 3, nonVoter: true }) }), 1);

describe("servers among members", () => {
  it("are those with Consul's tags, with what they expect and where they are", () => {
    const client = selfMember(aConfig({ nodeName: "c" }), 1);
    expect(serversAmong([server, client], "dc1")).toEqual([
      {
        ...{ id: "11111111-1111-4111-8111-111111111111", nodeId: "11111111-1111-4111-8111-111111111111" },
        ...{ name: "n1", datacenter: "dc1", address: "127.0.0.1", port: 8300, state: "alive" },
        ...{ bootstrapExpect: 3, bootstrap: false, nonVoter: true, protocolVersion: 3, build: "1.8.7" },
      },
    ]);
  });

  it("keep what gossip says of their state", () => {
    const states = ([1, 2, 3, 4] as const).map(
      (Status) => serversAmong([{ ...server, Status }], "dc1")[0]?.state,
    );
    expect(states).toEqual(["alive", "leaving", "left", "failed"]);
  });

  it.each([{ dc: "dc2" }, { id: "" }, { port: "x" }, { port: "0" }, { role: "node" }])(
    "are not %j",
    (tags) => {
      expect(serversAmong([{ ...server, Tags: { ...server.Tags, ...tags } }], "dc1")).toEqual([]);
    },
  );
});
