// KVS: one key, prefixes, and the one write that carries every KV operation.

import { fail, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { KvOperation } from "../../../shared/structs/kv.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  count,
  type Field,
  isObject,
  object,
  orNull,
  queryOptions,
  requestOf,
  text,
} from "./request-shape.ts";

type ApplyRequest = RpcRequest<"KVS.Apply">;

const maxFlags = 2n ** 64n - 1n;
const flags: Field = (value) =>
  typeof value === "string" && /^\d{1,20}$/.test(value) && BigInt(value) <= maxFlags;
const base64: Field = (value) => typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
const value = orNull(base64);

const shapes: { readonly [V in KvOperation["verb"]]: Field } = {
  set: object({ key: text, value, flags }),
  cas: object({ key: text, value, flags, modifyIndex: count }),
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

/** Base64 of the largest value; the HTTP route refuses larger ones with Consul's text. */
const valueCharactersMax = Math.ceil(limits.kvValueBytesMax / 3) * 4;

function checkApply(request: unknown): Result<ApplyRequest, ServerError> {
  const shaped = applyShape(request);
  if (!shaped.ok) return shaped;
  const asked = shaped.value.operation;
  if ("value" in asked && (asked.value?.length ?? 0) > valueCharactersMax) {
    return fail(serverError("badRequest", `a value has at most ${limits.kvValueBytesMax} bytes`));
  }
  if (asked.key === "" && asked.verb !== "delete-tree") {
    return fail(serverError("rejected", "Must provide key"));
  }
  return shaped;
}

export const kvEndpoints = {
  "KVS.Get": { kind: "read", check: requestOf({ options: queryOptions, key: text }) },
  "KVS.List": { kind: "read", check: requestOf({ options: queryOptions, prefix: text }) },
  "KVS.ListKeys": {
    kind: "read",
    check: requestOf({ options: queryOptions, prefix: text, separator: text }),
  },
  "KVS.Apply": {
    kind: "write",
    check: checkApply,
    datacenter: (request) => request.datacenter ?? "",
    command: (request) => ({ kind: "kv", operation: request.operation }),
  },
} satisfies Partial<Endpoints>;
