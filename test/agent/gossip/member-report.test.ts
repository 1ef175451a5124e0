// Who reports what, and that few do.

import { describe, expect, it } from "vitest";
import {
  rankOf,
  reportersMax,
  reportersOf,
  startMemberReports,
} from "../../../agent/gossip/member-report.ts";
import type { PoolEvent } from "../../../agent/gossip/lan-pool.ts";
import { ok } from "../../../shared/base/result.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { MemberReport } from "../../../shared/structs/member-report.ts";
import type { Member, MemberStatus } from "../../../shared/structs/members.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

const member = (Name: string, Status: MemberStatus = 1, role = "node"): Member => ({
  Name,
  Addr: "10.0.0.1",
  Port: 8301,
  Tags: { role, dc: "dc1", id: `id-${Name}` },
  Status,
  ProtocolMin: 1,
  ProtocolMax: 5,
  ProtocolCur: 2,
  DelegateMin: 2,
  DelegateMax: 5,
  DelegateCur: 4,
});

/** Agents that all see the same pool; the catalog is one map of serfHealth. */
function agents(names: readonly string[], role = "node", shows = true) {
  const world = new VirtualWorld();
  const reports: MemberReport[] = [];
  const serf = new Map<string, string>();
  let members = names.map((name) => member(name, 1, role));
  let failing = false;
  let sure = true;
  const listeners: ((event: PoolEvent) => void)[] = [];
  const ups: (() => void)[] = [];
  const stops = names.map((nodeName) => {
    const backend = {
      async call(method: string, request: { report: MemberReport; node: string }) {
        if (method === "Health.NodeChecks") {
          const status = serf.get(request.node);
          const checks = status === undefined ? [] : [{ CheckID: "serfHealth", Status: status }];
          return ok({ value: checks, meta: {} });
        }
        if (failing) return { ok: false, error: { code: "noLeader" } };
        reports.push(request.report);
        for (const { Name, Status } of shows ? request.report.members : []) {
          if (Status === "alive") serf.set(Name, "passing");
          else if (Status === "failed") serf.set(Name, "critical");
          else serf.delete(Name);
        }
        return ok(true);
      },
    } as unknown as Backend;
    return startMemberReports({
      pool: {
        members: () => members,
        onChange(listener) {
          listeners.push(listener);
          return () => void listeners.splice(listeners.indexOf(listener), 1);
        },
      },
      nodeName,
      datacenter: "dc1",
      isServer: role === "consul",
      isSure: () => sure,
      backend,
      timers: world.ports.timers,
      now: () => world.now,
      random: world.ports.entropy.random,
      onUp: (listener) => void ups.push(listener),
    });
  });
  return {
    world,
    reports,
    serf,
    ups,
    stop() {
      for (const stop of stops) stop();
    },
    doubt: (value: boolean) => {
      sure = !value;
    },
    fail: (value: boolean) => {
      failing = value;
    },
    happens(kind: PoolEvent["kind"], changed: Member) {
      members = members.map((one) => (one.Name === changed.Name ? changed : one));
      for (const listener of [...listeners]) listener({ kind, member: changed });
    },
  };
}

const names = Array.from({ length: 200 }, (_, at) => `n${at}`);

describe("reports of members", () => {
  it("come from one agent when the catalog follows", async () => {
    const scene = agents(names);
    scene.serf.set("n7", "passing");
    scene.happens("failed", member("n7", 4));
    await scene.world.advance(20_000);
    expect(scene.reports.length).toBe(1);
    expect(scene.reports[0]?.members).toEqual([
      { Name: "n7", ID: "id-n7", Address: "10.0.0.1", Status: "failed" },
    ]);
    scene.stop();
  });

  it("come from three agents at most when it does not, however many there are", async () => {
    const scene = agents(names, "node", false);
    scene.serf.set("n7", "passing");
    scene.happens("failed", member("n7", 4));
    await scene.world.advance(60_000);
    expect(scene.reports.length).toBe(reportersMax);
    expect(new Set(scene.reports.map(({ reporter }) => reporter)).size).toBe(reportersMax);
    scene.stop();
  });

  it("are tried again when the servers were away", async () => {
    const scene = agents(["a", "b", "c"]);
    scene.serf.set("c", "passing");
    scene.fail(true);
    scene.happens("failed", member("c", 4));
    await scene.world.advance(10_000);
    scene.fail(false);
    await scene.world.advance(10_000);
    expect(scene.serf.get("c")).toBe("critical");
    scene.stop();
  });

  it("of a server that doubts its own hearing say so, and are repeated until it is sure", async () => {
    const scene = agents(["s1", "s2"], "consul", false);
    scene.serf.set("s2", "passing");
    scene.doubt(true);
    scene.happens("failed", member("s2", 4, "consul"));
    await scene.world.advance(9_000);
    expect(scene.reports.length).toBeGreaterThan(2);
    expect(scene.reports.every(({ doubts }) => doubts === true)).toBe(true);
    scene.doubt(false);
    await scene.world.advance(3_000);
    const { length } = scene.reports;
    expect(scene.reports.at(-1)).not.toHaveProperty("doubts");
    await scene.world.advance(30_000);
    expect(scene.reports.length).toBe(length);
    scene.stop();
  });

  it("are not repeated at the edge, whatever the reporter thinks of itself", async () => {
    const scene = agents(["a", "b"], "node", false);
    scene.serf.set("b", "passing");
    scene.doubt(true);
    scene.happens("failed", member("b", 4));
    await scene.world.advance(60_000);
    expect(scene.reports.map(({ doubts }) => doubts)).toEqual([undefined]);
    scene.stop();
  });

  it("tell of members that the pool has forgotten, after reconnect_timeout", async () => {
    const scene = agents(["s1", "s2", "s3"], "consul");
    scene.serf.set("s3", "critical");
    scene.happens("reap", member("s3", 4, "consul"));
    await scene.world.advance(10_000);
    expect(
      scene.reports.flatMap(({ members }) => members.map(({ Name, Status }) => `${Name} ${Status}`)),
    ).toEqual(["s3 reaped"]);
    scene.stop();
  });

  it("leave newcomers the time to say so themselves", async () => {
    const scene = agents(["a", "b", "c"]);
    scene.happens("join", member("c"));
    scene.serf.set("c", "passing"); // by its own link
    await scene.world.advance(10_000);
    expect(scene.reports).toEqual([]);
    scene.happens("join", member("b"));
    await scene.world.advance(10_000);
    expect(scene.serf.get("b")).toBe("passing");
    scene.stop();
  });

  it("are about agents of this datacenter only", async () => {
    const scene = agents(["a", "b"]);
    scene.happens("leave", { ...member("stranger", 3), Tags: {} });
    scene.happens("leave", { ...member("far", 3), Tags: { role: "node", dc: "dc2" } });
    await scene.world.advance(10_000);
    expect(scene.reports).toEqual([]);
    scene.stop();
  });

  it("of servers are complete every minute, by one of them", async () => {
    const scene = agents(["s1", "s2", "s3"], "consul");
    await scene.world.advance(180_000);
    const full = scene.reports.filter((report) => report.full);
    expect(full.length).toBeGreaterThanOrEqual(2);
    expect(new Set(full.map(({ reporter }) => reporter)).size).toBe(1);
    expect(full[0]?.members.length).toBe(3);
    scene.stop();
  });

  it("tell everything again after a time without servers", async () => {
    const scene = agents(["a", "b", "c"]);
    for (const up of scene.ups) up();
    await scene.world.advance(15_000);
    expect(scene.reports.length).toBe(1);
    expect(scene.reports[0]).toMatchObject({
      full: false,
      members: [{ Name: "a" }, { Name: "b" }, { Name: "c" }],
    });
    scene.stop();
    for (const up of scene.ups) up();
    await scene.world.advance(15_000);
    expect(scene.reports.length).toBe(1);
  });
});

describe("the ranking", () => {
  it("is a permutation that differs from member to member, and leaves the member itself out", () => {
    const reporters = names.slice(0, 20);
    for (const subject of ["x", "y", "n3"]) {
      const ranks = reporters
        .filter((name) => name !== subject)
        .map((name) => rankOf(name, subject, reporters));
      expect(ranks.sort((a, b) => a - b)).toEqual(ranks.map((_, at) => at));
    }
    expect(rankOf("n3", "n3", reporters)).toBe(Number.POSITIVE_INFINITY);
    const first = (subject: string) => reporters.find((name) => rankOf(name, subject, reporters) === 0);
    expect(new Set(names.map(first)).size).toBeGreaterThan(10);
  });

  it("is among servers where they gossip", () => {
    expect(reportersOf([member("a"), member("s", 1, "consul"), member("t", 4, "consul")], "dc1")).toEqual([
      "s",
    ]);
    expect(reportersOf([member("a"), member("b", 4)], "dc1")).toEqual(["a"]);
  });
});
