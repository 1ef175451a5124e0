// What an operator asks of a pool: keys on all members at once, giving up a member, who can be reached.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { keyQuery, pingQuery } from "../../shared/serf/internal-queries.ts";
import {
  countKeyResponse,
  type KeyTally,
  keyTallyProblem,
  newKeyTally,
} from "../../shared/serf/key-tally.ts";
import type { QueryRequest } from "../../shared/serf/types.ts";
import type { SerfLayer } from "./serf-layer.ts";

export type KeyOperation = keyof typeof keyQuery;

const wholePool: QueryRequest = {
  name: "",
  payload: null,
  filters: [],
  acknowledge: false,
  relayFactor: 0,
  timeoutMillis: 0,
  responsesWanted: 0,
};

function aliveNames(layer: SerfLayer): string[] {
  return layer.members().flatMap((member) => (member.Status === 1 ? [member.Name] : []));
}

/** What all members answered. The error carries the tally, for the messages of those that could not. */
export async function runKeyOperation(
  layer: SerfLayer,
  operation: KeyOperation,
  key: Uint8Array,
  relayFactor: number,
): Promise<Result<KeyTally, { readonly text: string; readonly tally: KeyTally }>> {
  const { codec } = layer.state.config;
  const nodes = aliveNames(layer).length;
  const tally = newKeyTally(nodes);
  const answers = await layer.ask({
    ...wholePool,
    name: keyQuery[operation],
    payload: codec.encodeKeyRequest(key),
    relayFactor,
    responsesWanted: nodes,
  });
  if (!answers.ok) return fail({ text: answers.error, tally });
  for (const { from, payload } of answers.value.responses) countKeyResponse(tally, codec, from, payload);
  const problem = keyTallyProblem(tally);
  return problem === null ? ok(tally) : fail({ text: problem, tally });
}

/** Gives a member up. The error is Consul's text. */
export function forceLeave(layer: SerfLayer, node: string, prune: boolean): Result<void, string> {
  if (!layer.state.members.has(node)) return fail(`agent: No node found with name '${node}'`);
  const refused = layer.give({ kind: "forceLeave", node, prune });
  return refused === null ? ok(undefined) : fail(refused);
}

export type Reachability = {
  readonly Alive: readonly string[];
  readonly Acks: readonly string[];
  readonly Missing: readonly string[];
};

/** Asks every member for an acknowledgement (serf reachability). */
export async function testReachability(layer: SerfLayer): Promise<Result<Reachability, string>> {
  const alive = aliveNames(layer);
  const answers = await layer.ask({ ...wholePool, name: pingQuery, acknowledge: true });
  if (!answers.ok) return answers;
  const { acks } = answers.value;
  return ok({ Alive: alive, Acks: acks, Missing: alive.filter((name) => !acks.includes(name)) });
}
