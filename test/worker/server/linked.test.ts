import { describe, expect, it } from "vitest";
import { ok } from "../../../shared/base/result.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import { memberEndpoints } from "../../../worker/server/endpoints/member.ts";
import { linkedAmong, membersOf } from "../../../worker/server/linked.ts";
import { createMembership } from "../../../worker/server/membership.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

function asked(seen: number | null, answers: Record<string, readonly object[] | "silence">) {
  const time = new VirtualTime();
  const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
  const parts = {
    now: () => time.now,
    deadlines,
    lastSeen: () => (seen === null ? null : time.now - seen),
    peers: () => Object.keys(answers) as ServerId[],
    ask: (peer: string) => {
      const answer = answers[peer];
      return answer === "silence" ? new Promise<never>(() => {}) : Promise.resolve(ok(answer));
    },
  };
  return { time, linked: linkedAmong(["n1"], parts).then((names) => names.has("n1")) };
}

const row = (Name: string, role: string) => ({ Name, Tags: { role } });

describe("whether a node has a link", () => {
  it("is known here while the link shows life", async () => {
    expect(await asked(30_000, {}).linked).toBe(true);
    expect(await asked(61_000, {}).linked).toBe(false);
    expect(await asked(null, {}).linked).toBe(false);
  });

  it("is asked of the other servers, whose own row proves nothing", async () => {
    expect(await asked(null, { s2: [row("n1", "node")] }).linked).toBe(true);
    expect(await asked(null, { s2: [row("n1", "consul")], s3: [row("n2", "node")] }).linked).toBe(false);
  });

  it("is denied for a server that does not answer in time", async () => {
    const { time, linked } = asked(null, { s2: "silence" });
    await time.advance(1_100);
    expect(await linked).toBe(false);
  });
});

describe("the endpoints of members", () => {
  it("take reports of the right shape only", () => {
    const { check } = memberEndpoints["Member.Report"];
    const report = { reporter: "a", source: "gossip", full: false, members: [] as object[] };
    const request = { token: "", datacenter: "", report };
    expect(check(request).ok).toBe(true);
    const member = { Name: "n", ID: "", Address: "", Status: "failed" };
    expect(check({ ...request, report: { ...report, members: [member] } }).ok).toBe(true);
    for (const wrong of [{ ...member, Status: "odd" }, { Name: "n" }, 5]) {
      expect(check({ ...request, report: { ...report, members: [wrong] } }).ok).toBe(false);
    }
    expect(check({ ...request, report: { ...report, source: "rumour" } }).ok).toBe(false);
    const many = new Array(100_001).fill(member);
    expect(check({ ...request, report: { ...report, members: many } }).ok).toBe(false);
    expect(memberEndpoints["Operator.Health"].check({ token: "", datacenter: "" }).ok).toBe(true);
    expect([typeof membersOf, typeof createMembership]).toEqual(["function", "function"]);
  });
});
