// An agent that is a server: its row in the WAN pool and what the catalog holds of it.

import type { Member } from "../../shared/structs/members.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type { RegisterRequest, ServiceRegistration } from "../../shared/structs/registration.ts";
import type { OwnServerConfig, RuntimeConfig } from "../config/runtime-config.ts";
import { consulVersion } from "../../shared/version.ts";
import { localNode } from "./node.ts";

/** A LAN member as the WAN pool shows it. */
export function wanMember(member: Member, datacenter: string, server: OwnServerConfig): Member {
  const { wan_join_port: port, ...tags } = member.Tags;
  const wanPort = Number(port ?? server.serfWanPort);
  return { ...member, Name: `${member.Name}.${datacenter}`, Port: wanPort, Tags: tags };
}

/** The node of this server with serfHealth and the service "consul", as Consul's leader writes it. */
export function serverRegistration(config: RuntimeConfig): RegisterRequest {
  const node = localNode(config);
  return {
    Datacenter: node.datacenter,
    ID: node.id,
    Node: node.node,
    Address: node.address,
    TaggedAddresses: { ...node.taggedAddresses },
    NodeMeta: { ...node.meta },
    Service: serverService(config.ownServer?.port ?? 0),
    Checks: [
      {
        Node: node.node,
        CheckID: serfHealthCheckId,
        Name: "Serf Health Status",
        Status: "passing",
        Notes: "",
        Output: "Agent alive and reachable",
        ServiceID: "",
        Type: "",
        Definition: {},
      },
    ],
    SkipNodeUpdate: false,
  };
}

/** The service by which clients find a server that listens on `port`. */
export function serverService(port: number): ServiceRegistration {
  return {
    ID: "consul",
    Service: "consul",
    Tags: [],
    Address: "",
    Meta: {
      non_voter: "false",
      raft_version: "3",
      serf_protocol_current: "2",
      serf_protocol_max: "5",
      serf_protocol_min: "1",
      version: consulVersion,
    },
    Port: port,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
  };
}
