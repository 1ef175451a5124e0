import { describe, expect, it } from "vitest";
import { observeHealth, quorumOf } from "../../../shared/autopilot/health.ts";
import { planAutopilot } from "../../../shared/autopilot/plan.ts";
import { type AutopilotConfiguration, defaultAutopilot } from "../../../shared/structs/autopilot.ts";
import type { KnownServer } from "../../../shared/structs/known-server.ts";
import { aKnownServer } from "../../support/known-servers.ts";

const member = (id: string, voter = true) => ({ id, address: `127.0.0.${id}:8300`, voter });
const known = (id: string, change: Partial<KnownServer> = {}) =>
  aKnownServer(id, { address: `127.0.0.${id}`, ...change });

/** The plan of leader 1, all servers keeping up since `stableFor`. */
function plan(
  group: readonly { id: string; address: string; voter: boolean }[],
  servers: readonly KnownServer[],
  settings: Partial<AutopilotConfiguration> = {},
  stableFor = 60_000,
) {
  const now = 1_000_000;
  const observation = {
    now: now - stableFor,
    leader: "1",
    lastTerm: 1,
    lastIndex: 9,
    group,
    known: servers,
    stats: new Map(servers.map(({ id }) => [id, { lastContactMillis: 0, lastTerm: 1, lastIndex: 9 }])),
    settings: { ...defaultAutopilot, ...settings },
  };
  const health = observeHealth(observation, null);
  return planAutopilot({ ...observation, now, health });
}

const three = [member("1"), member("2"), member("3")];
const five = [...three, member("4"), member("5")];

describe("autopilot", () => {
  it("has nothing to do in a group that is as it should be", () => {
    expect(plan(three, [known("1"), known("2"), known("3")])).toEqual({ step: null, warnings: [] });
  });

  it("takes in a server that joined, without a vote first", () => {
    const { step } = plan(three, [known("1"), known("2"), known("3"), known("4")]);
    expect(step).toMatchObject({ kind: "addNonvoter", id: "4", address: "127.0.0.4:8300" });
    const failed = plan(three, [known("1"), known("2"), known("3"), known("4", { state: "failed" })]);
    expect(failed.step).toBe(null);
  });

  it("gives the vote after the time of stabilization, and never to a non-voting server", () => {
    const group = [...three, member("4", false)];
    const servers = [known("1"), known("2"), known("3"), known("4")];
    expect(plan(group, servers, {}, 9_999).step).toBe(null);
    expect(plan(group, servers, {}, 10_000).step).toMatchObject({ kind: "addVoter", id: "4" });
    const replica = [...servers.slice(0, 3), known("4", { nonVoter: true })];
    expect(plan(group, replica).step).toBe(null);
    expect(plan([...three, member("4")], replica).step).toMatchObject({ kind: "demote", id: "4" });
  });

  it("follows a server that moved, and puts a new disk in the place of the dead one", () => {
    const moved = [known("1"), known("2"), known("3", { address: "10.0.0.3" })];
    expect(plan(three, moved).step).toMatchObject({
      kind: "addVoter",
      id: "3",
      address: "10.0.0.3:8300",
    });
    const replaced = [
      known("1"),
      known("2"),
      known("3", { state: "failed" }),
      known("9", { address: "127.0.0.3" }),
    ];
    expect(plan(three, replaced).step).toMatchObject({ kind: "remove", id: "3" });
  });

  it("removes a server that left", () => {
    const servers = [known("1"), known("2"), known("3", { state: "left" })];
    expect(plan(three, servers, { CleanupDeadServers: false }).step).toMatchObject({
      kind: "remove",
      id: "3",
    });
  });

  it("removes one dead server of five, but not one of three, two of five, or what MinQuorum keeps", () => {
    const dead = (...ids: string[]) =>
      five.map(({ id }) => known(id, ids.includes(id) ? { state: "failed" } : {}));
    expect(plan(five, dead("5")).step).toMatchObject({ kind: "remove", id: "5" });
    expect(plan(five, dead("4", "5"))).toEqual({ step: null, warnings: ["too many dead servers: 2/5"] });
    expect(plan(three, dead("3").slice(0, 3))).toEqual({
      step: null,
      warnings: ["too many dead servers: 1/3"],
    });
    expect(plan(five, dead("5"), { MinQuorum: 5 }).warnings[0]).toContain("MinQuorum = 5");
    expect(plan(five, dead("5"), { CleanupDeadServers: false }).step).toBe(null);
    // A dead one without a vote is never in the way.
    const group = [...three, member("4", false)];
    const servers = [known("1"), known("2"), known("3"), known("4", { state: "failed" })];
    expect(plan(group, servers).step).toMatchObject({ kind: "remove", id: "4" });
  });

  it("does not add a second server in bootstrap mode", () => {
    const servers = [known("1", { bootstrap: true }), known("2", { bootstrap: true })];
    const { step, warnings } = plan([member("1")], servers);
    expect(step).toBe(null);
    expect(warnings[0]).toContain("bootstrap mode");
  });

  it("never takes a step after which those who are alive could not decide", () => {
    // Every combination of five servers that are voter, non-voter or outside, and alive, failed or left.
    const states = ["alive", "failed", "left"] as const;
    let steps = 0;
    for (let code = 0; code < 9 ** 4; code++) {
      const group = [member("1")];
      const servers = [known("1")];
      let rest = code;
      for (const id of ["2", "3", "4", "5"]) {
        const where = rest % 3;
        const state = states[Math.floor(rest / 3) % 3] ?? "alive";
        rest = Math.floor(rest / 9);
        if (where < 2) group.push(member(id, where === 0));
        servers.push(known(id, { state }));
      }
      const { step } = plan(group, servers);
      if (step === null || step.kind === "addNonvoter") continue;
      steps += 1;
      const next =
        step.kind === "remove" || step.kind === "demote"
          ? group.filter(({ id }) => id !== step.id)
          : group.map((each) => (each.id === step.id ? { ...each, voter: true } : each));
      const alive = (of: readonly { id: string; voter: boolean }[]) =>
        of.filter(({ id, voter }) => voter && servers.find((server) => server.id === id)?.state === "alive")
          .length;
      const could = alive(group) >= quorumOf(group.filter(({ voter }) => voter).length);
      const can = alive(next) >= quorumOf(next.filter(({ voter }) => voter).length);
      if (could) expect(can, `${JSON.stringify(step)} in ${JSON.stringify(group)}`).toBe(true);
    }
    expect(steps).toBeGreaterThan(1_000);
  });
});
