// serf's own queries, which the application never sees: reachability, name conflicts, keys.
// Source: reference/gossip-protocol.md section 11.8. Texts of the answers are serf's.

import { bytesToBase64 } from "../base/base64.ts";
import type { Result } from "../base/result.ts";
import { installKey, type Keyring, removeKey, useKey } from "../structs/keyring.ts";
import type { SerfState } from "./state.ts";
import type { ConflictMember, KeyResponse } from "./types.ts";

const prefix = "_serf_";

/** The names of the queries about keys. */
export const keyQuery = {
  install: "_serf_install-key",
  use: "_serf_use-key",
  remove: "_serf_remove-key",
  list: "_serf_list-keys",
} as const;
export const conflictQuery = "_serf_conflict";
export const pingQuery = "_serf_ping";

export function isInternalQuery(name: string): boolean {
  return name.startsWith(prefix);
}

/** The answer's payload; null for silence (a ping is answered by its acknowledgement alone). */
export function answerInternalQuery(
  state: SerfState,
  name: string,
  payload: Uint8Array | null,
): Uint8Array | null {
  switch (name) {
    case conflictQuery:
      return answerConflict(state, payload ?? new Uint8Array(0));
    case keyQuery.install:
      return answerKeyChange(state, payload, installKey);
    case keyQuery.use:
      return answerKeyChange(state, payload, useKey);
    case keyQuery.remove:
      return answerKeyChange(state, payload, removeKey);
    case keyQuery.list:
      return answerKeyList(state);
    default:
      return null;
  }
}

/** Who we believe has this name; the one in question does not vote for itself. */
function answerConflict(state: SerfState, payload: Uint8Array): Uint8Array | null {
  const name = new TextDecoder().decode(payload);
  if (name === state.config.name) return null;
  const known = state.members.get(name);
  if (known === undefined) return state.config.codec.encodeConflictResponse(null);
  const { address, tags, status, versions } = known;
  const member: ConflictMember = { name, address, tags, status, versions };
  return state.config.codec.encodeConflictResponse(member);
}

function answerKeyChange(
  state: SerfState,
  payload: Uint8Array | null,
  change: (keyring: Keyring, key: Uint8Array) => Result<Keyring, string>,
): Uint8Array {
  const { codec } = state.config;
  const answer = (result: boolean, message: string) =>
    codec.encodeKeyResponse({ result, message, keys: [], primaryKey: "" });
  if (state.keyring.length === 0) return answer(false, "No keyring to modify (encryption not enabled)");
  const key = codec.decodeKeyRequest(payload ?? new Uint8Array(0));
  if (!key.ok) return answer(false, key.error);
  const changed = change(state.keyring, key.value);
  if (!changed.ok) return answer(false, changed.error);
  state.keyring = changed.value;
  state.outbox.keyring = changed.value;
  return answer(true, "");
}

/** All keys, or as many as an answer can hold. */
function answerKeyList(state: SerfState): Uint8Array {
  const { codec, name, queryResponseBytesMax } = state.config;
  const [primary] = state.keyring;
  if (primary === undefined) {
    const message = "Keyring is empty (encryption not enabled)";
    return codec.encodeKeyResponse({ result: false, message, keys: [], primaryKey: "" });
  }
  const all = state.keyring.map((key) => bytesToBase64(key));
  const primaryKey = bytesToBase64(primary);
  // What a response has around its payload, at most: keys, numbers, and our name.
  const room = queryResponseBytesMax - 56 - new TextEncoder().encode(name).length;
  for (let count = all.length; ; count--) {
    const truncated = count < all.length;
    const message = truncated
      ? `truncated key list response, showing first ${count} of ${all.length} keys`
      : "";
    const response: KeyResponse = { result: true, message, keys: all.slice(0, count), primaryKey };
    const payload = codec.encodeKeyResponse(response);
    if (payload.length <= room || count === 0) return payload;
  }
}
