// Which members have a link that shows life, to this server or to any other; and which nodes are members at all.

import type { Millis } from "../../shared/base/brand.ts";
import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import { stateReads } from "../../shared/state/reads.ts";
import type { Sql } from "../../shared/state/sql.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type { Deadlines } from "./deadlines.ts";
import { isObject } from "./endpoints/request-shape.ts";

/** An agent shows life every 25 s (agent/rpc/link.ts); two of these may be lost. */
const lifeMillis: Millis = 60_000;
const answerMillis: Millis = 1_000;

type Parts = {
  now(): Millis;
  readonly deadlines: Deadlines;
  lastSeen(node: string): Millis | null;
  peers(): readonly ServerId[];
  /** Status.Members of one server: itself and the agents that are linked to it. */
  ask(peer: ServerId): Promise<Result<unknown, ServerError>>;
};

/** Those of `nodes` that have one; each other server is asked once. One that does not answer in time knows of no link. */
export async function linkedAmong(nodes: readonly string[], parts: Parts): Promise<ReadonlySet<string>> {
  const now = parts.now();
  const linked = new Set<string>();
  const others = new Set<string>();
  for (const node of nodes) {
    const seen = parts.lastSeen(node);
    if (seen !== null && now - seen <= lifeMillis) linked.add(node);
    else others.add(node);
  }
  if (others.size === 0) return linked;
  const answers = await Promise.all(parts.peers().map((peer) => agentsInTime(peer, parts)));
  for (const name of answers.flat()) if (others.has(name)) linked.add(name);
  return linked;
}

function agentsInTime(peer: ServerId, parts: Parts): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const cancel = parts.deadlines.after(answerMillis, () => resolve([]));
    void parts.ask(peer).then((answer) => {
      cancel();
      const members: readonly unknown[] = answer.ok && Array.isArray(answer.value) ? answer.value : [];
      resolve(
        members.flatMap((member) => (isObject(member) && isAgent(member) ? [String(member.Name)] : [])),
      );
    });
  });
}

/** A server lists itself, too, and is no proof of a link. */
function isAgent(member: Readonly<Record<string, unknown>>): boolean {
  return isObject(member.Tags) && member.Tags.role === "node";
}

/** Names of the nodes with a serfHealth check: the members, as the catalog has them. */
export function membersOf(sql: Sql): readonly string[] {
  const options = { datacenter: "", token: "", consistency: "stale" as const, minIndex: 0, waitMillis: 0 };
  const checks = stateReads["Health.ChecksInState"](sql, { options, state: "any", nodeMeta: {} }).value;
  return checks.flatMap((check) => (check.CheckID === serfHealthCheckId ? [check.Node] : []));
}
