import { describe, expect, it } from "vitest";
import { selfMember } from "../../../agent/local/node.ts";
import { serverRegistration, wanMember } from "../../../agent/local/server-node.ts";
import { aConfig } from "../rpc/virtual-world.ts";
import { anOwnServer } from "../../support/known-servers.ts";

const ownServer = anOwnServer({ dev: true, port: 18_300, serfWanPort: 18_302 });

describe("an agent that is a server", () => {
  it("has the member tags of a Consul server, in the order of their names", () => {
    const member = selfMember(aConfig({ ownServer }), 1);
    expect(Object.entries(member.Tags).map(([key, value]) => `${key}=${value}`)).toEqual([
      "acls=0",
      "build=1.8.7:",
      "dc=dc1",
      "ft_fs=1",
      "id=11111111-1111-4111-8111-111111111111",
      "port=18300",
      "raft_vsn=3",
      "role=consul",
      "segment=",
      "vsn=2",
      "vsn_max=3",
      "vsn_min=2",
      "wan_join_port=18302",
    ]);
    expect(selfMember(aConfig({ ownServer: { ...ownServer, bootstrap: true } }), 1).Tags.bootstrap).toBe("1");
    expect(selfMember(aConfig(), 1).Tags.role).toBe("node");
  });

  it("is in the WAN pool under its datacenter's name", () => {
    const member = wanMember(selfMember(aConfig({ ownServer }), 1), "dc1", ownServer);
    expect(member).toMatchObject({ Name: "n1.dc1", Port: 18_302 });
    expect(Object.keys(member.Tags)).not.toContain("wan_join_port");
  });

  it("stands in the catalog with serfHealth and the service consul", () => {
    const registration = serverRegistration(aConfig({ ownServer }));
    expect(registration).toMatchObject({ Node: "n1", NodeMeta: { "consul-network-segment": "" } });
    expect(registration.Service).toMatchObject({ ID: "consul", Service: "consul", Port: 18_300 });
    expect(registration.Checks).toMatchObject([{ CheckID: "serfHealth", Status: "passing" }]);
  });
});
