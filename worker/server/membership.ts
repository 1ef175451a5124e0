// The members of the datacenter on one server: the list that is shown, links that come, go and fail, and the leader's
// duty to keep the catalog equal to all that. Only puts the parts together; server.ts uses it.

import type { Millis } from "../../shared/base/brand.ts";
import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { stateReads } from "../../shared/state/reads.ts";
import { everything, splitWatchKey } from "../../shared/state/watch-keys.ts";
import { type HealthCheck, serfHealthCheckId } from "../../shared/structs/check.ts";
import type { ReportedStatus } from "../../shared/structs/member-report.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { createMassLossStore } from "./leader/mass-loss-store.ts";
import { createMemberHealth, type MemberHealth } from "./leader/member-health.ts";
import {
  type CatalogView,
  createMemberReconciler,
  linkLostOutput,
  type MemberReconciler,
  type Plan,
} from "./leader/reconcile-members.ts";
import type { LinkedAgent, LinkSessions } from "./link-session.ts";
import { linkedAmong, membersOf } from "./linked.ts";
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

/** How often a server says that it lost a link, and how long after the leader should have acted it says so again. */
const lostReportsMax = 5;
const lostRepeatMillis: Millis = 10_000;
const lostRetryMillis: Millis = 2_000;

export type Membership = MemberReconciler & {
  readonly health: MemberHealth;
  /** What /v1/agent/members shows of servers and linked agents. */
  list(forPeer: boolean): ReturnType<typeof listMembers>;
  /** After a sleep: who was given up for its link and has one here, is alive. */
  start(): void;
  /** A link ended without a goodbye. */
  lost(agent: LinkedAgent): void;
  /** Entries were applied: a node that was given up for its link while it got a new one here is alive. */
  applied(changed: readonly string[]): void;
};

export function createMembership({ config, ports, deadlines, driver, ...later }: Parts): Membership {
  const { sql } = ports;
  /** Nodes whose return is being told. */
  const returning = new Set<string>();
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

  const ownAgent = config.ownAgent ?? null;
  const reconciler = createMemberReconciler({
    datacenter,
    ownAgent,
    deadlines,
    log: ports.log,
    local,
    leader,
    write,
  });
  const health = createMemberHealth({
    datacenter,
    ownAgent,
    kept: createMassLossStore(sql),
    now: ports.clock.now,
    log: ports.log,
    view: local,
    members: () => membersOf(sql),
    linked: (nodes) =>
      linkedAmong(nodes, {
        now: ports.clock.now,
        deadlines,
        lastSeen: later.links().lastSeen,
        peers: () => driver.configuration().servers.flatMap(({ id }) => (id === config.id ? [] : [id])),
        ask,
      }),
    write,
    changed: later.changed,
  });

  function serfOf(node: string): HealthCheck | undefined {
    return local(node).checks.find((check) => check.CheckID === serfHealthCheckId);
  }

  async function tell({ node, nodeId, address }: LinkedAgent, status: ReportedStatus): Promise<boolean> {
    const members = [{ Name: node, ID: nodeId, Address: address, Status: status }];
    const report = { reporter: config.id, source: "link" as const, full: false, members };
    return (await later.backend().call("Member.Report", { token: "", datacenter: "", report })).ok;
  }

  /** A disk that fails is its host's business: nobody waits here to be told. */
  function quietly(work: Promise<void>): void {
    work.catch((error: unknown) => {
      ports.log("error", "server: a member could not be reported", { error: String(error) });
    });
  }

  /** Told again until the catalog says so, or it has no link here any more. */
  async function tellAlive(name: string, pause: Millis): Promise<void> {
    const agent = later.links().agentOf(name);
    if (agent === null || serfOf(agent.node)?.Output !== linkLostOutput) {
      returning.delete(name);
      return;
    }
    await tell(agent, "alive");
    const next = Math.min(pause * 2, lostRepeatMillis);
    deadlines.after(pause, () => quietly(tellAlive(name, next)));
  }

  /** A node that was given up for its link has one here. */
  function returned(node: string): void {
    const name = node.toLowerCase();
    if (returning.has(name)) return;
    returning.add(name);
    quietly(tellAlive(name, lostRetryMillis));
  }

  /** After a sleep, or when the whole state was replaced. */
  function lookForReturned(): void {
    const options = staleOptions;
    const critical = stateReads["Health.ChecksInState"](sql, { options, state: "critical", nodeMeta: {} });
    for (const { Node, Output } of critical.value) if (Output === linkLostOutput) returned(Node);
  }

  /** Told again while nothing is done about it: a leader keeps what it was told in memory alone. */
  async function tellLost(agent: LinkedAgent, times: number): Promise<void> {
    if (times === 0 || later.links().agentOf(agent.node) !== null) return;
    // The first time the node may not have been applied here yet, though the leader has written it.
    if (times < lostReportsMax && serfOf(agent.node)?.Status !== "passing") return;
    const told = await tell(agent, "failed");
    const again = () => quietly(tellLost(agent, times - 1));
    // A leader that was told acts later than anybody should stay awake for.
    if (told) deadlines.alarm(ports.clock.now() + limits.linkLossGraceMillis + lostRepeatMillis, again);
    else deadlines.after(lostRetryMillis, again);
  }

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
    start: lookForReturned,
    lost: (agent) => quietly(tellLost(agent, lostReportsMax)),
    applied(changed) {
      if (changed.includes(everything)) lookForReturned();
      for (const key of changed) {
        const { space, name } = splitWatchKey(key);
        const agent = space === "node-checks" ? later.links().agentOf(name) : null;
        if (agent !== null && serfOf(agent.node)?.Output === linkLostOutput) returned(name);
      }
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
