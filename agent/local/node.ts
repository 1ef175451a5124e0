// Who this agent is: its node row in the catalog, its hello on the link, its member row.

import type { LinkHello } from "../../shared/rpc/frames.ts";
import { linkProtocolVersion } from "../../shared/rpc/frames.ts";
import type { Member, MemberStatus } from "../../shared/structs/members.ts";
import type { OwnServerConfig, RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPorts } from "../ports.ts";
import { consulBuild } from "../../shared/version.ts";
import type { LocalNode } from "./diff.ts";
import { ipFamily } from "../../shared/structs/definition-rows.ts";

const nodeIdFile = "node-id";
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The configured id, else the one in the data directory, else a new one that is written there. */
export function ensureNodeId(
  config: RuntimeConfig,
  ports: Pick<AgentPorts, "files" | "entropy" | "log">,
): string {
  const keeps = config.dataDir !== "";
  const kept = keeps ? (ports.files.read(nodeIdFile) ?? "").trim().toLowerCase() : "";
  if (config.nodeId !== "") {
    if (keeps && kept !== config.nodeId) ports.files.write(nodeIdFile, config.nodeId);
    return config.nodeId;
  }
  if (uuid.test(kept)) return kept;
  if (kept !== "")
    ports.log("warn", `agent: ${nodeIdFile} in the data directory holds no UUID; a new node id is made`);
  const made = ports.entropy.uuid();
  if (keeps) ports.files.write(nodeIdFile, made);
  return made;
}

/** The node's row. */
export function localNode(config: RuntimeConfig): LocalNode {
  return {
    id: config.nodeId,
    node: config.nodeName,
    address: config.advertiseAddr,
    datacenter: config.datacenter,
    taggedAddresses: taggedAddresses(config.advertiseAddr),
    meta: { "consul-network-segment": "", ...config.nodeMeta },
  };
}

function taggedAddresses(address: string): Record<string, string> {
  const family = ipFamily(address) ?? "ipv4";
  return { lan: address, [`lan_${family}`]: address, wan: address, [`wan_${family}`]: address };
}

/** What the server is told of this agent. */
export function linkHello(config: RuntimeConfig): LinkHello {
  const node = localNode(config);
  return {
    version: linkProtocolVersion,
    node: node.node,
    nodeId: node.id,
    address: node.address,
    datacenter: node.datacenter,
    serfPort: config.serfLanPort,
    build: consulBuild,
    taggedAddresses: node.taggedAddresses,
    nodeMeta: node.meta,
  };
}

/** This agent as /v1/agent/members shows it, known without asking anybody. */
export function selfMember(config: RuntimeConfig, status: MemberStatus): Member {
  return {
    Name: config.nodeName,
    Addr: config.advertiseAddr,
    Port: config.serfLanPort,
    Tags: sortedTags({
      acls: "0",
      build: consulBuild,
      dc: config.datacenter,
      id: config.nodeId,
      role: "node",
      segment: "",
      vsn: "2",
      vsn_max: "3",
      vsn_min: "2",
      ...(config.ownServer === null ? {} : serverTags(config.ownServer)),
    }),
    Status: status,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}

/** What a server's member has beside the tags of every agent; in the WAN pool without wan_join_port. */
function serverTags(server: OwnServerConfig): Record<string, string> {
  return {
    ...(server.bootstrap ? { bootstrap: "1" } : {}),
    ...(server.bootstrapExpect > 0 ? { expect: String(server.bootstrapExpect) } : {}),
    ...(server.nonVoter ? { nonvoter: "1" } : {}),
    ft_fs: "1",
    port: String(server.port),
    raft_vsn: "3",
    role: "consul",
    wan_join_port: String(server.serfWanPort),
  };
}

/** Go prints maps in the order of their keys. */
function sortedTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).sort(([left], [right]) => (left < right ? -1 : 1)));
}
