// Members with Consul's fields.

import { describe, expect, it } from "vitest";
import { createMemberLayer, shownMember } from "../../../agent/gossip/member-layer.ts";
import type { Member } from "../../../shared/gossip/types.ts";
import { encodeTags } from "../../../shared/wire/serf-payloads.ts";

const member: Member = {
  name: "b",
  address: { ip: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 9, 9, 1), port: 8301 },
  meta: encodeTags(
    new Map([
      ["role", "node"],
      ["dc", "dc1"],
    ]),
  ),
  versions: Uint8Array.of(1, 5, 2, 2, 5, 4),
  incarnation: 1,
  state: "alive",
  stateChangedAt: 0,
};

describe("a member", () => {
  it("is shown with Consul's fields, its tags sorted, a mapped address as IPv4", () => {
    expect(JSON.stringify(shownMember(member))).toBe(
      '{"Name":"b","Addr":"10.9.9.1","Port":8301,"Tags":{"dc":"dc1","role":"node"},"Status":1,' +
        '"ProtocolMin":1,"ProtocolMax":5,"ProtocolCur":2,"DelegateMin":2,"DelegateMax":5,"DelegateCur":4}',
    );
  });

  it("is alive while it is only suspected, then failed or left", () => {
    const heard: string[] = [];
    const layer = createMemberLayer({ ...member, name: "a" }, ({ kind, member: { Name } }) =>
      heard.push(`${kind} ${Name}`),
    );
    expect(shownMember({ ...member, state: "suspect" }).Status).toBe(1);
    layer.heard([
      { kind: "join", member },
      { kind: "leave", member: { ...member, state: "dead" } },
    ]);
    layer.heard([{ kind: "leave", member: { ...member, name: "c", state: "left" } }]);
    expect(heard).toEqual(["join b", "failed b", "leave c"]);
    expect(layer.members().map(({ Name, Status }) => [Name, Status])).toEqual([
      ["a", 1],
      ["b", 4],
      ["c", 3],
    ]);
  });
});
