// Keeps the catalog equal to the membership: what must be written when an agent joined or left, and the loop that
// does it. Decided first, so that nothing is written when the catalog is right already. This is about links; what gossip
// says, and links that fail, is member-health.ts's.

import type { Millis } from "../../../shared/base/brand.ts";
import type { Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { LinkHello } from "../../../shared/rpc/frames.ts";
import { type HealthCheck, serfHealthCheckId } from "../../../shared/structs/check.ts";
import type { Node } from "../../../shared/structs/node.ts";
import type { ReportedMember } from "../../../shared/structs/member-report.ts";
import type {
  CheckRegistration,
  DeregisterRequest,
  RegisterRequest,
} from "../../../shared/structs/registration.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Log } from "../ports.ts";

/** First and longest wait before a write that failed is tried again, while the member stays. */
const retryMillisMin: Millis = 1_000;
const retryMillisMax: Millis = 30_000;
/** How often a server that gossips looks whether its pool has spoken of an agent that linked. */
const poolLookMillis: Millis = 100;

export type MemberEvent =
  | { readonly kind: "joined"; readonly hello: LinkHello }
  | { readonly kind: "left"; readonly node: string };

export type CatalogView = { readonly node: Node | null; readonly checks: readonly HealthCheck[] };

export type Plan =
  | { readonly kind: "nothing" }
  | { readonly kind: "register"; readonly registration: RegisterRequest }
  | { readonly kind: "deregister"; readonly deregistration: DeregisterRequest };

/** What the catalog lacks for this member. */
export function planFor(event: MemberEvent, datacenter: string, catalog: CatalogView): Plan {
  if (event.kind === "left") {
    if (catalog.node === null) return { kind: "nothing" };
    const deregistration = { Datacenter: datacenter, Node: event.node, ServiceID: "", CheckID: "" };
    return { kind: "deregister", deregistration };
  }
  const { hello } = event;
  const serf = catalog.checks.find((check) => check.CheckID === serfHealthCheckId);
  if (catalog.node !== null && isNodeOf(catalog.node, hello) && serf?.Status === "passing") {
    return { kind: "nothing" };
  }
  return { kind: "register", registration: registrationOf(hello, datacenter) };
}

/**
 * Whether a pool that the servers hear should say first that this agent lives: `/v1/agent/members` of a server shows
 * its pool, and a catalog ahead of it would contradict it. One that moved waits for its link, for its old address must
 * be given up before the pool takes the name again.
 */
function isForPool(hello: LinkHello, { node, checks }: CatalogView): boolean {
  const serf = checks.find((check) => check.CheckID === serfHealthCheckId);
  if (serf?.Status === "passing" || serf?.Output === linkLostOutput) return false;
  return node === null || node.Address === hello.address;
}

function isNodeOf(node: Node, hello: LinkHello): boolean {
  return (
    node.ID === hello.nodeId &&
    node.Address === hello.address &&
    sameMap(node.TaggedAddresses, hello.taggedAddresses) &&
    sameMap(node.Meta, hello.nodeMeta)
  );
}

type TextMap = Readonly<Record<string, string>>;

function sameMap(stored: TextMap | null, given: TextMap): boolean {
  const a = stored ?? {};
  const names = Object.keys(a);
  return names.length === Object.keys(given).length && names.every((name) => a[name] === given[name]);
}

function registrationOf(hello: LinkHello, datacenter: string): RegisterRequest {
  return {
    Datacenter: datacenter,
    ID: hello.nodeId,
    Node: hello.node,
    Address: hello.address,
    TaggedAddresses: { ...hello.taggedAddresses },
    NodeMeta: { ...hello.nodeMeta },
    Service: null,
    Checks: [serfHealth(hello.node, true)],
    SkipNodeUpdate: false,
  };
}

/** What serfHealth says when only a link was missed: whoever holds a link of the node again knows that it is over. */
export const linkLostOutput = "Agent not linked to any server";

/** serfHealth of a member that gossip or a lost link tells of; what the catalog has of its node is kept. */
export function serfRegistration(
  datacenter: string,
  node: Node | null,
  member: Pick<ReportedMember, "Name" | "ID" | "Address">,
  alive: boolean,
  output?: string,
): RegisterRequest {
  const moved = node !== null && node.Address !== member.Address;
  return {
    Datacenter: datacenter,
    ID: member.ID === "" ? (node?.ID ?? "") : member.ID,
    Node: member.Name,
    Address: member.Address,
    TaggedAddresses: moved ? null : (node?.TaggedAddresses ?? null),
    NodeMeta: node?.Meta ?? null,
    Service: null,
    Checks: [{ ...serfHealth(member.Name, alive), ...(output === undefined ? {} : { Output: output }) }],
    // A node that is made meanwhile (by its own agent, who knows more of it) is not written over.
    SkipNodeUpdate: !moved && (node === null || member.ID === "" || node.ID === member.ID),
  };
}

function serfHealth(node: string, alive: boolean): CheckRegistration {
  return {
    Node: node,
    CheckID: serfHealthCheckId,
    Name: "Serf Health Status",
    Status: alive ? "passing" : "critical",
    Notes: "",
    Output: alive ? "Agent alive and reachable" : "Agent not live or unreachable",
    ServiceID: "",
    Type: "",
    Definition: {},
  };
}

type Parts = {
  readonly datacenter: string;
  /** The agent that gossips in this server's process; null where servers hear no gossip. */
  readonly ownAgent: string | null;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** What this server has applied: enough to see that nothing is to be done. */
  local(node: string): CatalogView;
  /** What the leader has, asked before anything is written. */
  leader(node: string): Promise<Result<CatalogView, ServerError>>;
  write(plan: Exclude<Plan, { kind: "nothing" }>): Promise<Result<unknown, ServerError>>;
};

export type MemberReconciler = {
  /** Until the catalog agrees, or `stillThere` is false. */
  joined(hello: LinkHello, stillThere: () => boolean): Promise<void>;
  /** One try with the leader's own waiting; false when it could not be written. */
  left(node: string): Promise<boolean>;
};

/** The reconciler of one server. */
export function createMemberReconciler(parts: Parts): MemberReconciler {
  /** False when it could not be done. A disk that fails is its host's business: nobody waits here to be told. */
  async function reconcile(event: MemberEvent, node: string): Promise<boolean> {
    try {
      return await attempt(event, node);
    } catch (error) {
      parts.log("error", "server: a member could not be reconciled", { node, error: String(error) });
      return false;
    }
  }

  async function attempt(event: MemberEvent, node: string): Promise<boolean> {
    if (event.kind === "joined" && planFor(event, parts.datacenter, parts.local(node)).kind === "nothing") {
      return true;
    }
    const view = await parts.leader(node);
    if (!view.ok) return false;
    const plan = planFor(event, parts.datacenter, view.value);
    if (plan.kind === "nothing") return true;
    const written = await parts.write(plan);
    // What the catalog refuses, for example a name that another node holds, stays refused however often it is sent.
    return written.ok || written.error.code === "rejected" || written.error.code === "badRequest";
  }

  async function letPoolSpeak(hello: LinkHello, stillThere: () => boolean): Promise<void> {
    if (parts.ownAgent === null || parts.ownAgent === hello.node) return;
    for (let waited = 0; waited < limits.memberPoolFirstMillis; waited += poolLookMillis) {
      if (!stillThere() || !isForPool(hello, parts.local(hello.node))) return;
      await pause(poolLookMillis);
    }
  }

  function pause(millis: Millis): Promise<void> {
    return new Promise((resolve) => void parts.deadlines.after(millis, resolve));
  }

  return {
    async joined(hello, stillThere) {
      await letPoolSpeak(hello, stillThere);
      let wait = retryMillisMin;
      while (stillThere()) {
        if (await reconcile({ kind: "joined", hello }, hello.node)) return;
        await pause(wait);
        wait = Math.min(wait * 2, retryMillisMax);
      }
    },
    left: (node) => reconcile({ kind: "left", node }, node),
  };
}
