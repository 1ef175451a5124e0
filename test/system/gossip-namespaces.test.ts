// Five agents on five machines (network namespaces) with real cables to pull: one cut off both ways and one way, 30 %
// loss, healing, and all agents cut off from the server. Takes minutes and root: LEGATE_NETNS=1 vitest run <this file>.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Running } from "../support/legate-process.ts";
import { buildNetwork, canBuildNetworks, type Machine, type Network } from "../support/namespaces.ts";

type Row = { readonly Name: string; readonly Status: number };
type Check = { readonly Node: string; readonly CheckID: string; readonly Status: string };

const isAsked = process.env.LEGATE_NETNS === "1" && canBuildNetworks();
const started = performance.now();
const took: string[] = [];

describe.skipIf(!isAsked)("five agents on five machines", { timeout: 180_000 }, () => {
  let network: Network;
  const agents: Running[] = [];
  const machine = (at: number): Machine => network.machines[at - 1]!;

  beforeAll(async () => {
    network = buildNetwork(5);
    for (let at = 1; at <= 5; at += 1) {
      const { address } = machine(at);
      const role =
        at === 1 ? ["-server", "-bootstrap-expect=1"] : ["-retry-join=10.77.0.1", "-retry-interval=1s"];
      const words = ["agent", `-node=n${at}`, `-bind=${address}`, "-client=127.0.0.1", ...role];
      agents.push(machine(at).legate(...words));
    }
    await seen("all alive", [1, 2, 3, 4, 5], { n1: 1, n2: 1, n3: 1, n4: 1, n5: 1 }, 30_000);
    await health("all passing", "passing", 60_000);
  }, 120_000);

  afterAll(async () => {
    console.log(took.join("\n"));
    if (isAsked) await network.remove();
  });

  /** Waits until these machines all show these statuses. */
  async function seen(
    what: string,
    at: number[],
    statuses: Record<string, number>,
    limit: number,
  ): Promise<void> {
    const start = performance.now();
    await eventually(what, limit, () => {
      const views = at.map((place) => {
        try {
          const rows = machine(place).get<Row[]>("/v1/agent/members");
          return JSON.stringify(Object.fromEntries(rows.map(({ Name, Status }) => [Name, Status])));
        } catch {
          return "";
        }
      });
      return views.every((view) => view === JSON.stringify(statuses)) ? true : undefined;
    });
    took.push(
      `${((performance.now() - started) / 1_000).toFixed(0)} s: ${what} (${((performance.now() - start) / 1_000).toFixed(1)} s)`,
    );
  }

  /** Waits until serfHealth of n5 is this in the catalog. */
  async function health(what: string, status: string, limit: number): Promise<void> {
    const start = performance.now();
    await eventually(what, limit, () => (serfHealth().n5 === status ? true : undefined));
    took.push(`   catalog: ${what} (${((performance.now() - start) / 1_000).toFixed(1)} s more)`);
  }

  function serfHealth(): Record<string, string> {
    try {
      const checks = machine(1).get<Check[]>("/v1/health/state/any");
      const serf = checks.filter(({ CheckID }) => CheckID === "serfHealth");
      return Object.fromEntries(serf.map(({ Node, Status }) => [Node, Status]));
    } catch {
      return {};
    }
  }

  const allAlive = { n1: 1, n2: 1, n3: 1, n4: 1, n5: 1 };
  const withoutFive = { ...allAlive, n5: 4 };

  it("notice one that is cut off, and that it is back; the catalog follows", async () => {
    machine(5).plug(false);
    await seen("cut off both ways: failed", [1, 2, 3, 4], withoutFive, 25_000);
    await health("critical", "critical", 100_000); // also the link must have been given up
    machine(5).plug(true);
    await seen("plugged in: alive", [1, 2, 3, 4, 5], allAlive, 90_000);
    await health("passing", "passing", 30_000);
  });

  it("notice one that hears but is not heard", async () => {
    machine(5).lose("output", 100);
    await seen("cut off one way: failed", [1, 2, 3, 4], withoutFive, 25_000);
    machine(5).lose("output", 0);
    await seen("heard again: alive", [1, 2, 3, 4, 5], allAlive, 90_000);
    await health("passing", "passing", 30_000);
  });

  it("lose hardly anybody to 30 % loss at every machine, and nobody for good", async () => {
    const failures = () => agents.map((agent) => agent.output().split("EventMemberFailed").length - 1);
    const before = failures();
    for (let at = 1; at <= 5; at += 1) machine(at).lose("input", 30);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    for (let at = 1; at <= 5; at += 1) machine(at).lose("input", 0);
    const more = failures().map((count, at) => count - (before[at] ?? 0));
    took.push(`   failures in 40 s of 30 % loss, by machine: ${more.join(" ")}`);
    // Five pairs of machines each way and a probe a second: 200 probes, of which every sixth gets no answer.
    expect(more.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(8);
    await seen("after 40 s of 30 % loss: alive", [1, 2, 3, 4, 5], allAlive, 90_000);
  });

  it("are expired by nobody when all of them lose the server at once", async () => {
    machine(1).plug(false);
    await seen("the server alone: all failed to it", [1], { n1: 1, n2: 4, n3: 4, n4: 4, n5: 4 }, 90_000);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(Object.keys(serfHealth()).sort()).toEqual(["n1", "n2", "n3", "n4", "n5"]);
    took.push(`   catalog meanwhile: ${JSON.stringify(serfHealth())}`);
    machine(1).plug(true);
    await seen("plugged in: alive", [1, 2, 3, 4, 5], allAlive, 120_000);
  });
});
