// Members as Consul shows them, from what membership alone can tell: no intents, so nobody is ever "leaving".

import { formatIp } from "../../shared/base/ip.ts";
import type { GossipEvent, Member as GossipMember, NodeName } from "../../shared/gossip/types.ts";
import type { Member, MemberStatus } from "../../shared/structs/members.ts";
import { decodeTags } from "../../shared/wire/serf-payloads.ts";
import type { GossipLayer } from "./driver.ts";

/** What changed for one member. "failed" stopped answering, "leave" said goodbye. */
export type PoolEvent = {
  readonly kind: "join" | "leave" | "failed" | "update";
  readonly member: Member;
};

export type MemberLayer = GossipLayer & {
  /** In the order of their names. */
  members(): readonly Member[];
};

const noUserState = new Uint8Array(0);

/** Starts with this node alone. */
export function createMemberLayer(self: GossipMember, tell: (event: PoolEvent) => void): MemberLayer {
  const members = new Map<NodeName, Member>([[self.name, shownMember(self)]]);

  function note(kind: PoolEvent["kind"], gossiped: GossipMember): void {
    const member = shownMember(gossiped);
    members.set(member.Name, member);
    tell({ kind, member });
  }

  return {
    members: () => [...members.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    userState: () => noUserState,
    heard(events: readonly GossipEvent[]) {
      for (const event of events) {
        if (event.kind === "join" || event.kind === "update") note(event.kind, event.member);
        else if (event.kind === "leave")
          note(event.member.state === "left" ? "leave" : "failed", event.member);
      }
    },
  };
}

const statusOf: Readonly<Record<GossipMember["state"], MemberStatus>> = {
  alive: 1,
  suspect: 1,
  left: 3,
  dead: 4,
};

/** A member of the core with Consul's fields. */
export function shownMember({ name, address, meta, versions, state }: GossipMember): Member {
  const tags = [...decodeTags(meta)].sort(([left], [right]) => (left < right ? -1 : 1));
  const [min = 0, max = 0, current = 0, delegateMin = 0, delegateMax = 0, delegateCurrent = 0] = versions;
  return {
    Name: name,
    Addr: formatIp(address.ip),
    Port: address.port,
    Tags: Object.fromEntries(tags),
    Status: statusOf[state],
    ProtocolMin: min,
    ProtocolMax: max,
    ProtocolCur: current,
    DelegateMin: delegateMin,
    DelegateMax: delegateMax,
    DelegateCur: delegateCurrent,
  };
}
