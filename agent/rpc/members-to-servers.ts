// From the LAN pool's members to the servers among them: Consul's tags of a server (surface G1) become a KnownServer.

import type { KnownServer, ServerState } from "../../shared/structs/known-server.ts";
import type { Member } from "../../shared/structs/members.ts";

const states: Readonly<Record<number, ServerState>> = { 1: "alive", 2: "leaving", 3: "left", 4: "failed" };

/** The servers of `datacenter`. A member that calls itself a server but lacks an id or a port is left out. */
export function serversAmong(members: readonly Member[], datacenter: string): readonly KnownServer[] {
  return members.flatMap((member) => {
    const { Tags: tags } = member;
    const id = tags.id ?? "";
    const port = Number(tags.port);
    if (tags.role !== "consul" || tags.dc !== datacenter || id === "") return [];
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return [];
    return [
      {
        id,
        name: member.Name,
        nodeId: id,
        datacenter,
        address: member.Addr,
        port,
        state: states[member.Status] ?? "failed",
        bootstrapExpect: countOf(tags.expect),
        bootstrap: tags.bootstrap === "1",
        nonVoter: tags.nonvoter === "1" || tags.read_replica === "1",
        protocolVersion: countOf(tags.raft_vsn),
        build: (tags.build ?? "").split(":")[0] ?? "",
      },
    ];
  });
}

function countOf(text: string | undefined): number {
  const count = Number(text);
  return Number.isInteger(count) && count > 0 ? count : 0;
}
