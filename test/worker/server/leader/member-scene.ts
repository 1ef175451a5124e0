// A leader's member health over a catalog in memory, on virtual time: for member-health.test.ts and member-freeze.test.ts.

import { ok } from "../../../../shared/base/result.ts";
import type { HealthCheck } from "../../../../shared/structs/check.ts";
import type {
  MemberReport,
  ReportedMember,
  ReportedStatus,
} from "../../../../shared/structs/member-report.ts";
import type { Node } from "../../../../shared/structs/node.ts";
import { createMassLossStore } from "../../../../worker/server/leader/mass-loss-store.ts";
import { createMemberHealth, type MemberHealth } from "../../../../worker/server/leader/member-health.ts";
import { memorySql } from "../../../support/memory-sql.ts";

type Row = { node: Node; status: "passing" | "critical" };

export class Scene {
  now = 1_000_000;
  readonly catalog = new Map<string, Row>();
  readonly linked = new Set<string>();
  readonly writes: string[] = [];
  readonly logs: string[] = [];
  readonly sql = memorySql();
  readonly health: MemberHealth;

  constructor(ownAgent: string | null = null) {
    this.health = createMemberHealth({
      datacenter: "dc1",
      ownAgent,
      kept: createMassLossStore(this.sql),
      now: () => this.now,
      log: (level, message) => void this.logs.push(`${level} ${message}`),
      view: (name) => {
        const row = this.catalog.get(name);
        if (row === undefined) return { node: null, checks: [] };
        return { node: row.node, checks: [{ CheckID: "serfHealth", Status: row.status } as HealthCheck] };
      },
      members: () => [...this.catalog.keys()],
      linked: async (asked) => new Set(asked.filter((name) => this.linked.has(name))),
      write: async (plan) => {
        if (plan.kind === "deregister") {
          this.writes.push(`deregister ${plan.deregistration.Node}`);
          this.catalog.delete(plan.deregistration.Node);
          return ok(true);
        }
        const { Node: name, ID, Address, Checks } = plan.registration;
        const status = Checks[0]?.Status === "passing" ? "passing" : "critical";
        this.writes.push(`${status} ${name}`);
        this.catalog.set(name, { node: { ID, Node: name, Address } as Node, status });
        return ok(true);
      },
      changed: () => {},
    });
    this.health.duty.establish();
  }

  add(...names: string[]): void {
    for (const name of names) {
      this.catalog.set(name, {
        node: { ID: `id-${name}`, Node: name, Address: "10.0.0.1" } as Node,
        status: "passing",
      });
    }
  }

  report(
    reporter: string,
    status: ReportedStatus,
    names: readonly string[],
    change: Partial<MemberReport> = {},
  ): void {
    const members = names.map(
      (Name): ReportedMember => ({ Name, ID: `id-${Name}`, Address: "10.0.0.1", Status: status }),
    );
    this.health.report({ reporter, source: "gossip", full: false, members, ...change });
  }

  async pass(millis: number): Promise<void> {
    const end = this.now + millis;
    for (let rounds = 0; rounds < 2_000; rounds++) {
      const due = this.health.duty.next();
      if (due === null || due.at > end) break;
      this.now = Math.max(this.now, due.at);
      await this.health.duty.perform(this.now);
    }
    this.now = end;
  }
}

export const names = (count: number, prefix = "n") =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);
