// The members of the datacenter as serf would list them: the servers, and the agents with Consul's tags. An agent may
// be linked to any server, so each is asked for its own links, with a deadline; who has no link anywhere is shown from
// the catalog, which is right also when a server does not answer. Gossip replaces this when it comes.

import type { Millis } from "../../shared/base/brand.ts";
import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { HealthCheck } from "../../shared/structs/check.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type { Member, MemberStatus } from "../../shared/structs/members.ts";
import type { Node } from "../../shared/structs/node.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import type { LinkedAgent } from "./link-session.ts";

/** How long a listing waits for another server's part. */
const answerMillis: Millis = 1_000;
/** Consul's default LAN port, for an agent whose port only its own server would know. */
const serfPortDefault = 8301;

const alive: MemberStatus = 1;
const failed: MemberStatus = 4;

type Parts = {
  readonly config: ServerConfig;
  readonly deadlines: Deadlines;
  linkedAgents(): readonly LinkedAgent[];
  /** The catalog as this server has applied it. */
  catalog(): { readonly nodes: readonly Node[]; readonly checks: readonly HealthCheck[] };
  ask(peer: ServerId): Promise<Result<unknown, ServerError>>;
};

/** `forPeer`: only what this server knows first hand, for the listing of another. Sorted by name. */
export async function listMembers(parts: Parts, forPeer: boolean): Promise<readonly Member[]> {
  const own = [
    serverMember(parts.config, parts.config.id, alive),
    ...parts.linkedAgents().map(agentMember(parts)),
  ];
  if (forPeer) return own;
  const peers = parts.config.servers.filter((server) => server !== parts.config.id);
  const answers = await Promise.all(peers.map((peer) => askInTime(parts, peer)));
  const found = new Map<string, Member>();
  for (const member of catalogMembers(parts)) found.set(member.Name, member);
  peers.forEach((peer, at) => {
    const members = answers[at] ?? [serverMember(parts.config, peer, failed)];
    for (const member of members) found.set(member.Name, member);
  });
  for (const member of own) found.set(member.Name, member);
  return [...found.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** Null when the peer did not answer. */
function askInTime(parts: Parts, peer: ServerId): Promise<readonly Member[] | null> {
  return new Promise((resolve) => {
    const cancel = parts.deadlines.after(answerMillis, () => resolve(null));
    void parts.ask(peer).then((answer) => {
      cancel();
      resolve(answer.ok && Array.isArray(answer.value) ? (answer.value as readonly Member[]) : null);
    });
  });
}

function catalogMembers(parts: Parts): readonly Member[] {
  const { nodes, checks } = parts.catalog();
  const byName = new Map(nodes.map((node) => [node.Node, node]));
  return checks.flatMap((check) => {
    const node = byName.get(check.Node);
    if (check.CheckID !== serfHealthCheckId || node === undefined) return [];
    const status = check.Status === "passing" ? alive : failed;
    const tags = agentTags(parts.config, node.ID, "");
    return [member(node.Node, node.Address, serfPortDefault, tags, status)];
  });
}

function agentMember(parts: Parts): (agent: LinkedAgent) => Member {
  return (agent) => {
    const tags = agentTags(parts.config, agent.nodeId, agent.build);
    return member(agent.node, agent.address, agent.serfPort, tags, alive);
  };
}

function agentTags(config: ServerConfig, id: string, build: string): Record<string, string> {
  const built: Record<string, string> = build === "" ? {} : { build };
  return { acls: "0", ...built, dc: config.datacenter, id, role: "node", segment: "", ...protocolTags };
}

const protocolTags = { vsn: "2", vsn_max: "3", vsn_min: "2" } as const;

function serverMember(config: ServerConfig, server: ServerId, status: MemberStatus): Member {
  const shown = config.addressOf[server] ?? `${server}:8300`;
  const colon = shown.lastIndexOf(":");
  const port = shown.slice(colon + 1);
  const tags = {
    acls: "0",
    build: `${config.version}:`,
    dc: config.datacenter,
    id: serverNodeId(config.datacenter, server),
    port,
    raft_vsn: "3",
    role: "consul",
    segment: "",
    ...protocolTags,
  };
  return member(server, shown.slice(0, colon), Number(port), tags, status);
}

/** A server has no node id of its own at the edge: one that is always the same, in the form of a UUID. */
export function serverNodeId(datacenter: string, server: ServerId): string {
  let text = "";
  for (let lane = 0; lane < 4; lane++) {
    let hash = 0x811c9dc5 ^ lane;
    for (const unit of `${datacenter}/${server}`) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
    text += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    "-",
  );
}

function member(
  name: string,
  address: string,
  port: number,
  tags: Record<string, string>,
  status: MemberStatus,
): Member {
  return {
    Name: name,
    Addr: address,
    Port: port,
    Tags: tags,
    Status: status,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };
}
