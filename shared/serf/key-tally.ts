// What all members answer to a key query, counted: the reply of serf keys, consul keyring and /v1/operator/keyring.

import type { NodeName } from "../gossip/types.ts";
import type { KeyResponse, SerfCodec } from "./types.ts";

/** Keys in base64; how many members hold each one. */
export type KeyTally = {
  readonly nodes: number;
  responses: number;
  errors: number;
  readonly messages: Map<NodeName, string>;
  readonly keys: Map<string, number>;
  readonly primaryKeys: Map<string, number>;
  /** What each one that answered holds. */
  readonly byNode: Map<NodeName, KeyResponse>;
};

/** `nodes`: how many members are alive and must answer. */
export function newKeyTally(nodes: number): KeyTally {
  return {
    nodes,
    responses: 0,
    errors: 0,
    messages: new Map(),
    keys: new Map(),
    primaryKeys: new Map(),
    byNode: new Map(),
  };
}

/** Counts one answer. */
export function countKeyResponse(
  tally: KeyTally,
  codec: SerfCodec,
  from: NodeName,
  payload: Uint8Array | null,
): void {
  tally.responses++;
  const response = codec.decodeKeyResponse(payload ?? new Uint8Array(0));
  if (!response.ok) {
    tally.errors++;
    tally.messages.set(from, `Invalid key query response type: ${response.error}`);
    return;
  }
  tally.byNode.set(from, response.value);
  const { result, message, keys, primaryKey } = response.value;
  if (!result) tally.errors++;
  if (message !== "") tally.messages.set(from, message);
  for (const key of keys) tally.keys.set(key, (tally.keys.get(key) ?? 0) + 1);
  if (primaryKey !== "") tally.primaryKeys.set(primaryKey, (tally.primaryKeys.get(primaryKey) ?? 0) + 1);
}

/** Why the operation did not succeed everywhere, in serf's words; null when it did. */
export function keyTallyProblem(tally: KeyTally): string | null {
  if (tally.errors > 0) return `${tally.errors}/${tally.nodes} nodes reported failure`;
  if (tally.responses !== tally.nodes) return `${tally.responses}/${tally.nodes} nodes reported success`;
  return null;
}
