// Links that fail and come back, against a leader that cannot always be told. Found by the simulator.

import { describe, expect, it } from "vitest";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { RegisterRequest } from "../../../shared/structs/registration.ts";
import { register } from "../../../shared/state/catalog.ts";
import { stateTransaction } from "../../../shared/state/indexes.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { everything } from "../../../shared/state/watch-keys.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import { linkLostOutput, serfRegistration } from "../../../worker/server/leader/reconcile-members.ts";
import type { LinkedAgent } from "../../../worker/server/link-session.ts";
import { createMembership } from "../../../worker/server/membership.ts";
import type { ServerPorts } from "../../../worker/server/ports.ts";
import { memorySql } from "../../support/memory-sql.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const agent: LinkedAgent = { node: "n1", nodeId: "", address: "10.0.0.1", serfPort: 8301, build: "" };

function server() {
  const time = new VirtualTime();
  const sql = memorySql();
  createTables(sql);
  let index = 0;
  let isReached = false;
  const told: string[] = [];
  const logged: string[] = [];
  const catalog = (registration: RegisterRequest) => {
    index += 1;
    register(stateTransaction(sql, index), registration);
  };
  const serf = (alive: boolean, output?: string) =>
    catalog(serfRegistration("dc1", null, { Name: "n1", ID: "", Address: "10.0.0.1" }, alive, output));
  const deadlines = createDeadlines(time.wake(() => void deadlines.due()).port, time.clock);
  const ports = { sql, clock: time.clock, log: (_: string, text: string) => void logged.push(text) };
  const made = createMembership({
    config: { id: "server-1" as ServerId, datacenter: "dc1" },
    ports,
    deadlines,
    driver: { configuration: () => ({ index: 0, servers: [] }) },
    backend: () => ({
      call: async (method: string, request: { report: { members: readonly { Status: string }[] } }) => {
        told.push(`${method} ${request.report.members[0]?.Status} ${isReached}`);
        return isReached ? ok(true) : fail(serverError("noLeader"));
      },
    }),
    links: () => ({ agentOf: () => agent, agents: () => [agent], lastSeen: () => time.now }),
    changed: () => {},
  } as unknown as Parameters<typeof createMembership>[0]);
  return {
    time,
    made,
    told,
    logged,
    serf,
    sql,
    reach: () => (isReached = true),
    ports: ports as unknown as ServerPorts,
  };
}

describe("a node that was given up for its link, and has one here", () => {
  it("is told to be alive until the catalog says so", async () => {
    const s = server();
    s.serf(true);
    s.serf(false, linkLostOutput);
    s.made.applied(["node-checks:n1"]);
    s.made.applied(["node-checks:n1"]);
    await s.time.advance(10_000);
    expect(s.told.length).toBeGreaterThan(1);
    expect(new Set(s.told)).toEqual(new Set(["Member.Report alive false"]));
    s.reach();
    await s.time.advance(20_000);
    expect(s.told.at(-1)).toBe("Member.Report alive true");
    s.serf(true);
    await s.time.advance(20_000);
    const { length } = s.told;
    await s.time.advance(60_000);
    expect(s.told.length).toBe(length);
  });

  it("is found after a sleep, and when a snapshot brought the news", async () => {
    for (const wake of ["start", "install"] as const) {
      const s = server();
      s.serf(false, linkLostOutput);
      if (wake === "start") s.made.start();
      else s.made.applied([everything]);
      await s.time.advance(0);
      expect(s.told, wake).toEqual(["Member.Report alive false"]);
    }
  });

  it("is no reason to fall over when the disk fails", async () => {
    const s = server();
    s.sql.close();
    s.made.lost({ ...agent, node: "gone" });
    await s.time.advance(1_000);
    expect(s.logged).toEqual([]);
    const other = server();
    other.serf(false, linkLostOutput);
    other.made.applied(["node-checks:n1"]);
    other.sql.close();
    await other.time.advance(5_000);
    expect(other.logged).toEqual(["server: a member could not be reported"]);
  });
});
