// KVS: one key, prefixes, and the one write that carries every KV operation.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { KvOperation } from "../../../shared/structs/kv.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  base64Text,
  count,
  type Field,
  isObject,
  object,
  oneOf,
  orNull,
  queryOptions,
  requestOf,
  text,
  uint64Text,
} from "./request-shape.ts";

type ApplyRequest = RpcRequest<"KVS.Apply">;

const value = orNull(base64Text);
const flags = uint64Text;

const ttl: Field = (given) =>
  given === undefined || (typeof given === "number" && given > 0 && given <= limits.kvTtlMillisMax);
const write = { key: text, value, flags, ttlMillis: ttl };

const shapes: { readonly [V in KvOperation["verb"]]: Field } = {
  set: object(write),
  cas: object({ ...write, modifyIndex: count }),
  delete: object({ key: text }),
  "delete-cas": object({ key: text, modifyIndex: count }),
  "delete-tree": object({ key: text }),
};

const operation: Field = (given) => {
  if (!isObject(given) || typeof given.verb !== "string" || !Object.hasOwn(shapes, given.verb)) return false;
  return shapes[given.verb as KvOperation["verb"]](given);
};

const applyShape = requestOf<ApplyRequest>({
  token: text,
  operation,
  datacenter: (given) => given === undefined || text(given),
});

/** Base64 of the largest value that any agent may be set to take; the HTTP route refuses with Consul's text. */
const valueCharactersMax = Math.ceil(limits.kvValueBytesHighest / 3) * 4;

function checkApply(request: unknown): Result<ApplyRequest, ServerError> {
  const shaped = applyShape(request);
  return shaped.ok ? withinLimits(shaped.value) : shaped;
}

const upTo =
  (most: number): Field =>
  (given) =>
    count(given) && (given as number) >= 1 && (given as number) <= most;
const page = object({
  prefix: text,
  what: oneOf("entries", "keys", "count"),
  after: text,
  limit: orNull(upTo(limits.kvPageEntriesMax)),
  separator: (given) => typeof given === "string" && given !== "",
  depth: orNull(upTo(limits.kvDepthMax)),
});

type LockRequest = RpcRequest<"KVS.Acquire">;

const lockShape = requestOf<LockRequest>({
  token: text,
  operation: object({ ...write, verb: oneOf("acquire", "release"), session: text }),
  datacenter: (given) => given === undefined || text(given),
});

/** Acquire and release are two methods because they answer differently; each takes its own verb only. */
function checkLock(verb: "acquire" | "release") {
  return (request: unknown): Result<LockRequest, ServerError> => {
    const shaped = lockShape(request);
    if (!shaped.ok) return shaped;
    return shaped.value.operation.verb === verb
      ? withinLimits(shaped.value)
      : fail(serverError("badRequest", "wrong request: operation"));
  };
}

function withinLimits<R extends ApplyRequest | LockRequest>(request: R): Result<R, ServerError> {
  const asked = request.operation;
  if ("value" in asked && (asked.value?.length ?? 0) > valueCharactersMax) {
    return fail(serverError("badRequest", `a value has at most ${limits.kvValueBytesHighest} bytes`));
  }
  if (asked.key === "" && asked.verb !== "delete-tree") {
    return fail(serverError("rejected", "Must provide key"));
  }
  return ok(request);
}

export const kvEndpoints = {
  "KVS.Get": { kind: "read", check: requestOf({ options: queryOptions, key: text }) },
  "KVS.List": { kind: "read", check: requestOf({ options: queryOptions, prefix: text }) },
  "KVS.ListKeys": {
    kind: "read",
    check: requestOf({ options: queryOptions, prefix: text, separator: text }),
  },
  "KVS.Page": { kind: "read", check: requestOf({ options: queryOptions, page }) },
  "KVS.Apply": {
    kind: "write",
    check: checkApply,
    datacenter: (request) => request.datacenter ?? "",
    command: (request) => ({ kind: "kv", operation: request.operation }),
  },
  "KVS.Acquire": {
    kind: "write",
    check: checkLock("acquire"),
    datacenter: (request) => request.datacenter ?? "",
    command: (request) => ({ kind: "kvLock", operation: request.operation }),
  },
  "KVS.Release": {
    kind: "write",
    check: checkLock("release"),
    datacenter: (request) => request.datacenter ?? "",
    command: (request) => ({ kind: "kvLock", operation: request.operation }),
  },
} satisfies Partial<Endpoints>;
