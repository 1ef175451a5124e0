// Transactions: those that write go through the log, those that only read are reads of any consistency. Conditions of
// single operations are looked at where they are performed; here only shapes and limits.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import { isWriteTxn, type TxnOperation } from "../../../shared/structs/txn.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  base64Text,
  count,
  type Field,
  flag,
  isObject,
  listOf,
  object,
  orNull,
  queryOptions,
  requestOf,
  text,
  textMap,
  texts,
  uint64Text,
} from "./request-shape.ts";

const whole: Field = (value) => typeof value === "number" && Number.isFinite(value);
const service = object({
  ID: text,
  Service: text,
  Tags: texts,
  Meta: orNull(textMap),
  Address: text,
  Port: whole,
  Weights: object({ Passing: whole, Warning: whole }),
  EnableTagOverride: flag,
  Proxy: isObject,
  Connect: isObject,
});
const check = object({
  Node: text,
  CheckID: text,
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  Type: text,
  Definition: isObject,
});
const node = object({
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: orNull(textMap),
  Meta: orNull(textMap),
});
const shapes: { readonly [T in TxnOperation["type"]]: Field } = {
  KV: object({
    verb: text,
    key: text,
    value: orNull(base64Text),
    flags: uint64Text,
    index: count,
    session: text,
  }),
  Node: object({ verb: text, node, index: count }),
  Service: object({ verb: text, node: text, service, index: count }),
  Check: object({ verb: text, check, index: count }),
};

const operation: Field = (value) =>
  isObject(value) &&
  typeof value.type === "string" &&
  Object.hasOwn(shapes, value.type) &&
  shapes[value.type as TxnOperation["type"]](value);

/** The limit of elements is the route's to say: empty ones are gone here. */
const operations: Field = (value) => listOf(operation)(value) && (value as []).length <= limits.txnOpsMax;

export const txnEndpoints = {
  "Txn.Apply": {
    kind: "write",
    check: requestOf({ token: text, operations, datacenter: text }),
    datacenter: (request) => request.datacenter,
    command: (request, datacenter) => ({
      kind: "txn",
      operations: request.operations.map((asked) => inDatacenter(asked, datacenter)),
    }),
  },
  "Txn.Read": {
    kind: "read",
    check(request): Result<RpcRequest<"Txn.Read">, ServerError> {
      const shaped = requestOf<RpcRequest<"Txn.Read">>({ options: queryOptions, operations })(request);
      if (!shaped.ok || !isWriteTxn(shaped.value.operations)) return shaped.ok ? ok(shaped.value) : shaped;
      return fail(serverError("badRequest", "wrong request: a transaction that writes is no read"));
    },
  },
} satisfies Partial<Endpoints>;

/** A node that names no datacenter belongs to this one. */
function inDatacenter(asked: TxnOperation, datacenter: string): TxnOperation {
  if (asked.type !== "Node" || asked.node.Datacenter !== "") return asked;
  return { ...asked, node: { ...asked.node, Datacenter: datacenter } };
}
