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

/** A server that does not answer in time knows of no link. */
export async function isLinked(node: string, parts: Parts): Promise<boolean> {
  const seen = parts.lastSeen(node);
  if (seen !== null && parts.now() - seen <= lifeMillis) return true;
  const answers = await Promise.all(parts.peers().map((peer) => askInTime(node, peer, parts)));
  return answers.includes(true);
}

function askInTime(node: string, peer: ServerId, parts: Parts): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = parts.deadlines.after(answerMillis, () => resolve(false));
    void parts.ask(peer).then((answer) => {
      cancel();
      const members: readonly unknown[] = answer.ok && Array.isArray(answer.value) ? answer.value : [];
      resolve(members.some((member) => isObject(member) && member.Name === node && isAgent(member)));
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
