// Keeps the catalog equal to what gossip knows, as Consul's leader does: who is alive is registered with serfHealth
// passing (servers with the service "consul"), who failed is critical, who left or was forgotten is taken out. Changed
// members at once, all of them once a minute. Only where servers gossip.

import type { Millis } from "../../../shared/base/brand.ts";
import { stateReads } from "../../../shared/state/reads.ts";
import { serfHealthCheckId } from "../../../shared/structs/check.ts";
import type { Member } from "../../../shared/structs/members.ts";
import type { QueryOptions } from "../../../shared/structs/query.ts";
import type { DeregisterRequest, RegisterRequest } from "../../../shared/structs/registration.ts";
import type { Directory } from "../ports.ts";
import type { DutyContext, LeaderDuty } from "./index.ts";

/** Consul's leader compares all members with the catalog so often. */
const reconcileMillis: Millis = 60_000;
/** Proposed at a time; they share raft's batches. */
const writesAtOnce = 64;

/** What the catalog holds of a member's node. */
export type NodeView = {
  /** Of serfHealth; "" when there is no such check. */
  readonly health: string;
  /** Port of the service "consul", null without. */
  readonly serverPort: number | null;
};

export type MemberPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "register"; readonly registration: RegisterRequest }
  | { readonly kind: "deregister"; readonly deregistration: DeregisterRequest };

const nothing: MemberPlan = { kind: "nothing" };

/** What the catalog lacks for this member; `node` is null when it has none. The leader never removes itself. */
export function planForMember(
  member: Member,
  node: NodeView | null,
  own: { readonly datacenter: string; readonly id: string },
): MemberPlan {
  const isServer = member.Tags.role === "consul";
  if (member.Tags.dc !== undefined && member.Tags.dc !== own.datacenter) return nothing;
  if (member.Status === 3) {
    if (node === null || member.Tags.id === own.id) return nothing;
    return removal(member.Name, own.datacenter);
  }
  if (member.Status === 4) {
    // Of a node that is not in the catalog nobody needs to know that it failed.
    if (node === null || node.health === "critical") return nothing;
    return { kind: "register", registration: registration(member, own.datacenter, "critical", null) };
  }
  const port = isServer ? Number(member.Tags.port) : null;
  const isRight = node !== null && node.health === "passing" && node.serverPort === port;
  if (isRight) return nothing;
  const service = port === null ? null : consulService(member, port);
  return { kind: "register", registration: registration(member, own.datacenter, "passing", service) };
}

/** Everything that stands on a node goes with it. */
export function removal(name: string, datacenter: string): MemberPlan {
  return {
    kind: "deregister",
    deregistration: { Datacenter: datacenter, Node: name, ServiceID: "", CheckID: "" },
  };
}

function registration(
  member: Member,
  datacenter: string,
  status: "passing" | "critical",
  service: RegisterRequest["Service"],
): RegisterRequest {
  return {
    Datacenter: datacenter,
    ID: member.Tags.id ?? "",
    Node: member.Name,
    Address: member.Addr,
    TaggedAddresses: null,
    NodeMeta: null,
    Service: service,
    Checks: [
      {
        Node: member.Name,
        CheckID: serfHealthCheckId,
        Name: "Serf Health Status",
        Status: status,
        Notes: "",
        Output: status === "passing" ? "Agent alive and reachable" : "Agent not live or unreachable",
        ServiceID: "",
        Type: "",
        Definition: {},
      },
    ],
    // What the agent itself wrote of its node (addresses, metadata) is better than what gossip knows.
    SkipNodeUpdate: true,
  };
}

function consulService(member: Member, port: number): NonNullable<RegisterRequest["Service"]> {
  const { Tags: tags } = member;
  return {
    ID: "consul",
    Service: "consul",
    Tags: [],
    Address: "",
    Meta: {
      non_voter: String(tags.nonvoter === "1"),
      raft_version: tags.raft_vsn ?? "3",
      serf_protocol_current: String(member.ProtocolCur),
      serf_protocol_max: String(member.ProtocolMax),
      serf_protocol_min: String(member.ProtocolMin),
      version: (tags.build ?? "").split(":")[0] ?? "",
    },
    Port: port,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
  };
}

const options: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "stale",
  minIndex: 0,
  waitMillis: 0,
};

/** The duty of a server whose `directory` is gossip's. */
export function gossipMembers(context: DutyContext, directory: Directory, changed: () => void): LeaderDuty {
  const { ports, config } = context;
  let leads = false;
  /** Names whose member changed since they were looked at. */
  let pending = new Set<string>();
  /** As this leader last saw each; a node is taken out as forgotten only if it was a member before its eyes. */
  let seen = new Map<string, string>();
  let fullAt: Millis = 0;

  directory.onChange(() => {
    if (!leads) return;
    note();
    if (pending.size > 0) changed();
  });

  function note(): void {
    const now = new Map(directory.members().map((member) => [member.Name, JSON.stringify(member)]));
    for (const [name, text] of now) if (seen.get(name) !== text) pending.add(name);
    for (const name of seen.keys()) if (!now.has(name)) pending.add(name);
    seen = new Map([...seen, ...now]);
  }

  function viewOf(name: string): NodeView | null {
    const found = stateReads["Catalog.NodeServices"](ports.sql, { options, node: name }).value;
    if (found === null) return null;
    const checks = stateReads["Health.NodeChecks"](ports.sql, { options, node: name }).value;
    return {
      health: checks.find((check) => check.CheckID === serfHealthCheckId)?.Status ?? "",
      serverPort: found.Services.consul?.Port ?? null,
    };
  }

  function planFor(name: string, members: ReadonlyMap<string, Member>): MemberPlan {
    const view = viewOf(name);
    const member = members.get(name);
    if (member !== undefined) return planForMember(member, view, config);
    return view === null || view.health === "" ? nothing : removal(name, config.datacenter);
  }

  /** False when it could not be written; what the catalog refuses stays refused, and is said. */
  async function write(name: string, plan: MemberPlan): Promise<boolean> {
    if (plan.kind === "nothing") return true;
    const written = await context.propose(
      plan.kind === "register"
        ? { kind: "register", registration: plan.registration }
        : { kind: "deregister", deregistration: plan.deregistration },
    );
    const status = plan.kind === "register" ? plan.registration.Checks[0]?.Status : "gone";
    if (written.ok) ports.log("info", "leader: member joined, failed or left", { member: name, status });
    else
      ports.log("warn", "leader: a member could not be written", { member: name, error: written.error.code });
    return written.ok || written.error.code === "rejected" || written.error.code === "badRequest";
  }

  return {
    name: "gossip members",
    establish() {
      leads = true;
      pending = new Set();
      seen = new Map();
      fullAt = ports.clock.now();
    },
    revoke() {
      leads = false;
    },
    next: () => ({ at: pending.size > 0 ? 0 : fullAt, wakes: true }),
    async perform(now) {
      note();
      if (now >= fullAt) {
        for (const { Name } of directory.members()) pending.add(Name);
        fullAt = now + reconcileMillis;
      }
      const members = new Map(directory.members().map((member) => [member.Name, member]));
      const names = [...pending].slice(0, writesAtOnce);
      for (const name of names) pending.delete(name); // what changes meanwhile is looked at again
      const done = await Promise.all(
        names.map(async (name) => {
          const isWritten = await write(name, planFor(name, members));
          if (!isWritten) pending.add(name);
          else if (!members.has(name)) seen.delete(name);
          return isWritten;
        }),
      );
      return done.every((isWritten) => isWritten);
    },
  };
}
