import { describe, expect, it } from "vitest";
import { fail, ok } from "../../../../shared/base/result.ts";
import { type ErrorCode, serverError } from "../../../../shared/errors.ts";
import type { HealthCheck } from "../../../../shared/structs/check.ts";
import type { Node } from "../../../../shared/structs/node.ts";
import { createDeadlines } from "../../../../worker/server/deadlines.ts";
import {
  type CatalogView,
  createMemberReconciler,
  linkLostOutput,
  planFor,
} from "../../../../worker/server/leader/reconcile-members.ts";
import { helloOf, nodeIdOf } from "../../../support/fake-link.ts";
import { VirtualTime, watch } from "../../../support/virtual-time.ts";

const hello = helloOf("n1");
const empty: CatalogView = { node: null, checks: [] };
const right: CatalogView = {
  node: {
    ID: nodeIdOf("n1"),
    Node: "n1",
    Address: "10.0.0.1",
    Datacenter: "dc1",
    TaggedAddresses: { lan: "10.0.0.1" },
    Meta: null,
    CreateIndex: 2,
    ModifyIndex: 2,
  },
  checks: [{ CheckID: "serfHealth", Status: "passing" } as HealthCheck],
};

describe("the plan for a member", () => {
  it("registers who joined, with its serfHealth check, and nothing when the catalog is right", () => {
    const plan = planFor({ kind: "joined", hello }, "dc1", empty);
    expect(plan).toMatchObject({
      kind: "register",
      registration: {
        ID: nodeIdOf("n1"),
        Node: "n1",
        Checks: [{ CheckID: "serfHealth", Name: "Serf Health Status", Output: "Agent alive and reachable" }],
      },
    });
    expect(planFor({ kind: "joined", hello }, "dc1", right)).toEqual({ kind: "nothing" });
  });

  it("registers again when the address, the metadata, the id or the check differ", () => {
    const { node } = right;
    const views: CatalogView[] = [
      { ...right, node: { ...node, Address: "10.0.0.9" } as Node },
      { ...right, node: { ...node, ID: "" } as Node },
      { ...right, node: { ...node, Meta: { a: "b" } } as unknown as Node },
      { ...right, node: { ...node, TaggedAddresses: { lan: "10.0.0.2" } } as unknown as Node },
      { ...right, checks: [] },
      { ...right, checks: [{ CheckID: "serfHealth", Status: "critical" } as HealthCheck] },
    ];
    for (const view of views) expect(planFor({ kind: "joined", hello }, "dc1", view).kind).toBe("register");
  });

  it("deregisters who left, once", () => {
    expect(planFor({ kind: "left", node: "n1" }, "dc1", right)).toMatchObject({ kind: "deregister" });
    expect(planFor({ kind: "left", node: "n1" }, "dc1", empty)).toEqual({ kind: "nothing" });
  });
});

describe("the reconciler", () => {
  function reconciler(answers: (ErrorCode | "ok")[], local = empty, ownAgent: string | null = null) {
    const time = new VirtualTime();
    const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
    const writes: string[] = [];
    const seen = { local };
    const made = createMemberReconciler({
      log: () => {},
      datacenter: "dc1",
      ownAgent,
      deadlines,
      local: () => seen.local,
      leader: async () => ok(empty),
      write: async (plan) => {
        writes.push(plan.kind);
        const answer = answers.shift() ?? "ok";
        return answer === "ok" ? ok(true) : fail(serverError(answer));
      },
    });
    return { time, writes, made, seen };
  }

  const failed: CatalogView = {
    ...right,
    checks: [{ CheckID: "serfHealth", Status: "critical" } as HealthCheck],
  };

  it("lets the pool of a server that gossips say first that who came back lives", async () => {
    const { time, made, writes, seen } = reconciler([], failed, "s1");
    const joined = watch(made.joined(hello, () => true));
    await time.advance(1_000);
    expect([joined.done, writes]).toEqual([false, []]);
    seen.local = right; // as the leader wrote what its pool told
    await time.advance(200);
    expect([joined.done, writes]).toEqual([true, []]);
  });

  it("takes the link's word when the pool says nothing for 3 s", async () => {
    const { time, made, writes } = reconciler([], failed, "s1");
    const joined = watch(made.joined(hello, () => true));
    await time.advance(2_900);
    expect(writes).toEqual([]);
    await time.advance(200);
    expect([joined.done, writes]).toEqual([true, ["register"]]);
  });

  it("does not wait for a pool with its own agent, one that moved, or one that was given up for its link", async () => {
    const moved = { ...failed, node: { ...right.node, Address: "10.0.0.9" } as Node };
    const lost = { CheckID: "serfHealth", Status: "critical", Output: linkLostOutput } as HealthCheck;
    const scenes = [
      reconciler([], failed, hello.node),
      reconciler([], moved, "s1"),
      reconciler([], { ...failed, checks: [lost] }, "s1"),
    ];
    for (const { made, writes } of scenes) {
      await made.joined(hello, () => true);
      expect(writes).toEqual(["register"]);
    }
  });

  it("writes nothing when this server sees that the catalog is right", async () => {
    const { made, writes } = reconciler([], right);
    await made.joined(hello, () => true);
    expect(writes).toEqual([]);
  });

  it("tries again while the member is there, but not what the catalog refuses", async () => {
    const { time, made, writes } = reconciler(["noLeader", "leadershipLost", "ok"]);
    const joined = watch(made.joined(hello, () => true));
    await time.advance(10_000);
    expect([joined.done, writes.length]).toEqual([true, 3]);
    const refused = reconciler(["rejected"]);
    await refused.made.joined(hello, () => true);
    expect(refused.writes.length).toBe(1);
  });

  it("stops when the link is gone", async () => {
    const { time, made, writes } = reconciler(["noLeader", "noLeader", "noLeader"]);
    let there = true;
    const joined = watch(made.joined(hello, () => there));
    await time.settle();
    there = false;
    await time.advance(10_000);
    expect([joined.done, writes.length]).toEqual([true, 1]);
  });
});
