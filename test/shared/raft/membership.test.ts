// Membership (§6, thesis chapter 4): the rules on configurations, and changes in a running group.

import { describe, expect, it } from "vitest";
import {
  agreedValue,
  checkConfiguration,
  configurationOfEntry,
  electionResult,
  encodeConfiguration,
  hasQuorum,
  planChange,
} from "../../../shared/raft/membership.ts";
import type { Configuration, MembershipChange, ServerId } from "../../../shared/raft/types.ts";
import { group } from "./raft-group.ts";

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"] as unknown as [
  ServerId,
  ServerId,
  ServerId,
  ServerId,
  ServerId,
];
const address = "d:8300";

describe("configurations", () => {
  const joint: Configuration = { servers: group([c, d, e]).servers, outgoing: group([a, b, c]).servers };

  it("pass through the log unchanged, and garbage is none", () => {
    const entry = { index: 7, term: 1, command: encodeConfiguration(joint) };
    expect(configurationOfEntry(entry)).toEqual({ index: 7, configuration: joint });
    expect(configurationOfEntry({ ...entry, command: "{}" })).toBeNull();
    expect(configurationOfEntry({ ...entry, command: "configuration {" })).toBeNull();
    const [one] = group([a]).servers;
    for (const servers of [[{ ...one, id: "" }], [{ ...one, voter: 1 }], [one, one], "x", [null]]) {
      expect(checkConfiguration({ servers, outgoing: [] })).toBeNull();
    }
  });

  it("§6: a joint one decides by a majority of the old and of the new servers", () => {
    const votes = (...ids: ServerId[]) => new Map(ids.map((id) => [id, true] as const));
    expect(electionResult(joint, votes(c, d, e))).toBe("pending");
    expect(electionResult(joint, votes(b, c, d))).toBe("won");
    expect(hasQuorum(joint, (id) => id !== c)).toBe(true);
    expect(hasQuorum(joint, (id) => id !== a && id !== b)).toBe(false);
    expect(agreedValue(joint, (id) => ({ a: 1, b: 2, c: 9, d: 9, e: 9 })[id as "a"])).toBe(2);
  });

  it("follow one another in single steps where majorities overlap, else through a joint one", () => {
    const now = group([a, b, c]);
    const next = (change: MembershipChange) => {
      const planned = planChange(now, change);
      if (planned.kind === "refused") return planned.reason;
      const { servers, outgoing } = planned.configuration;
      const names = servers.map((server) => (server.voter ? server.id : `(${server.id})`));
      return `${names.join(" ")}${outgoing.length > 0 ? " joint" : ""}`;
    };
    expect(next({ kind: "addVoter", id: d, address })).toBe("a b c d");
    expect(next({ kind: "addNonvoter", id: d, address })).toBe("a b c (d)");
    expect(next({ kind: "demote", id: b })).toBe("a (b) c");
    expect(next({ kind: "remove", id: b })).toBe("a c");
    expect(next({ kind: "addVoter", id: b, address: "new" })).toBe("a b c");
    expect(next({ kind: "replace", servers: group([c, d, e]).servers })).toBe("c d e joint");
    expect(next({ kind: "addVoter", id: b, address: "b:8300" })).toContain("like that already");
    expect(next({ kind: "addNonvoter", id: b, address })).toContain("demote it first");
    expect(next({ kind: "remove", id: d })).toContain("not in the configuration");
    expect(next({ kind: "replace", servers: [] })).toContain("last voter");
    expect(planChange(group([a]), { kind: "demote", id: a })).toMatchObject({ kind: "refused" });
  });
});
