// The members of the datacenter on one server: the list that is shown, links that come, go and fail, and the leader's
// duty to keep the catalog equal to all that. Only puts the parts together; server.ts uses it.

import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { stateReads } from "../../shared/state/reads.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { createMemberHealth, type MemberHealth } from "./leader/member-health.ts";
import {
  type CatalogView,
  createMemberReconciler,
  type MemberReconciler,
  type Plan,
} from "./leader/reconcile-members.ts";
import type { LinkedAgent, LinkSessions } from "./link-session.ts";
import { isLinked, membersOf } from "./linked.ts";
import { listMembers } from "./members.ts";
import type { ServerPorts } from "./ports.ts";
import type { RaftDriver } from "./raft-driver.ts";

type Parts = {
  readonly config: ServerConfig;
  readonly ports: ServerPorts;
  readonly deadlines: Deadlines;
  readonly driver: Pick<RaftDriver, "configuration">;
  backend(): Backend;
  links(): LinkSessions;
  /** A duty's `next` may be another now. */
  changed(): void;
};

export type Membership = MemberReconciler & {
  readonly health: MemberHealth;
  /** What /v1/agent/members shows of servers and linked agents. */
  list(forPeer: boolean): ReturnType<typeof listMembers>;
  /** A link ended without a goodbye. */
  lost(agent: LinkedAgent): void;
};

export function createMembership({ config, ports, deadlines, driver, ...later }: Parts): Membership {
  const { sql } = ports;
  const { datacenter } = config;
  const ask = (peer: ServerId) => ports.peers.call(peer, "Status.Members", {});

  function local(node: string): CatalogView {
    const options = staleOptions;
    return {
      node: stateReads["Catalog.NodeServices"](sql, { options, node }).value?.Node ?? null,
      checks: stateReads["Health.NodeChecks"](sql, { options, node }).value,
    };
  }

  async function leader(node: string): Promise<Result<CatalogView, ServerError>> {
    const backend = later.backend();
    const found = await backend.call("Catalog.NodeServices", { options: leaderOptions, node });
    if (!found.ok) return found;
    const checks = await backend.call("Health.NodeChecks", { options: leaderOptions, node });
    return checks.ok ? ok({ node: found.value.value?.Node ?? null, checks: checks.value.value }) : checks;
  }

  async function write(plan: Exclude<Plan, { kind: "nothing" }>): Promise<Result<unknown, ServerError>> {
    const backend = later.backend();
    const written = await (plan.kind === "register"
      ? backend.call("Catalog.Register", { token: "", registration: plan.registration })
      : backend.call("Catalog.Deregister", { token: "", deregistration: plan.deregistration }));
    const { Node: node } = plan.kind === "register" ? plan.registration : plan.deregistration;
    ports.log(written.ok ? "info" : "warn", `server: ${plan.kind} of a member`, {
      node,
      written: JSON.stringify(written),
    });
    return written;
  }

  const reconciler = createMemberReconciler({ datacenter, deadlines, log: ports.log, local, leader, write });
  const health = createMemberHealth({
    datacenter,
    now: ports.clock.now,
    log: ports.log,
    view: local,
    members: () => membersOf(sql),
    linked: (node) =>
      isLinked(node, {
        now: ports.clock.now,
        deadlines,
        lastSeen: later.links().lastSeen,
        peers: () => driver.configuration().servers.flatMap(({ id }) => (id === config.id ? [] : [id])),
        ask,
      }),
    write,
    changed: later.changed,
  });

  return {
    ...reconciler,
    health,
    list: (forPeer) =>
      listMembers(
        {
          config,
          deadlines,
          linkedAgents: later.links().agents,
          catalog: () => {
            const options = staleOptions;
            const every = { options, state: "any", nodeMeta: {} };
            return {
              nodes: stateReads["Catalog.ListNodes"](sql, { options, nodeMeta: {} }).value,
              checks: stateReads["Health.ChecksInState"](sql, every).value,
            };
          },
          ask,
        },
        forPeer,
      ),
    lost({ node, nodeId, address }) {
      const members = [{ Name: node, ID: nodeId, Address: address, Status: "failed" as const }];
      const report = { reporter: config.id, source: "link" as const, full: false, members };
      void later.backend().call("Member.Report", { token: "", datacenter: "", report });
    },
  };
}

const leaderOptions: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 0,
  waitMillis: 0,
};
const staleOptions: QueryOptions = { ...leaderOptions, consistency: "stale" };
