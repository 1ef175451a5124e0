// /v1/txn: a list of operations, all or none.

import { parseGoJsonExact } from "../../base/go-json.ts";
import { toJson } from "../../base/json.ts";
import { fail, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { parseTxn, txnSize } from "../../structs/parse-txn.ts";
import type { QueryMeta } from "../../structs/query.ts";
import { isWriteTxn, type TxnAnswer, type TxnOperation } from "../../structs/txn.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseQueryOptions, requestToken } from "../params.ts";
import { errorReply, metaHeaders, wantsPretty } from "../reply.ts";

/** The routes of this area. */
export const txnRoutes: readonly Route[] = [
  { method: "PUT", path: "/v1/txn", summary: "Several operations, all or none", handle: transact },
];

async function transact(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const operations = await readOperations(request, context);
  if (!operations.ok) return errorReply(operations.error);
  return isWriteTxn(operations.value)
    ? write(request, context, operations.value)
    : read(request, context, operations.value);
}

async function readOperations(
  request: HttpRequest,
  context: ApiContext,
): Promise<Result<readonly TxnOperation[], ServerError>> {
  const { kvValueBytesMax = limits.kvValueBytesMax, txnBytesMax = limits.txnBytesMax } =
    context.settings ?? {};
  const body = await request.body(Math.max(kvValueBytesMax, txnBytesMax), "txn_max_req_len");
  if (!body.ok) return body;
  const json = parseGoJsonExact(new TextDecoder().decode(body.value));
  const operations = json.ok ? parseTxn(json.value) : json;
  if (!json.ok || !operations.ok) {
    const reason = json.ok ? (operations.ok ? "" : operations.error) : json.error;
    return fail(serverError("badRequest", `Failed to parse body: ${reason}`));
  }
  const size = txnSize(json.value);
  if (size > limits.txnOpsMax) {
    return fail(serverError("txnTooLarge", String(size), String(limits.txnOpsMax)));
  }
  const large = operations.value.find((one) => one.type === "KV" && bytesOf(one.value) > kvValueBytesMax);
  if (large?.type === "KV") {
    const bytes = `${bytesOf(large.value)} > ${kvValueBytesMax}`;
    return fail(serverError("txnValueTooLarge", large.key, bytes));
  }
  return operations;
}

function bytesOf(base64: string | null): number {
  if (base64 === null) return 0;
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

async function write(
  request: HttpRequest,
  context: ApiContext,
  operations: readonly TxnOperation[],
): Promise<HttpReply> {
  const datacenter = request.query("dc") ?? "";
  const call = { operations, datacenter, token: requestToken(request, context) };
  const applied = await context.backend.call("Txn.Apply", call, request.cancellation);
  if (!applied.ok) return errorReply(applied.error);
  const { Results, Errors, fencing } = applied.value;
  // The tokens of the locks that it took, in their order.
  const headers: Record<string, string> =
    fencing.length === 0 ? {} : { "X-Legate-Fencing": fencing.join(", ") };
  return answer(request, context, { Results, Errors }, headers);
}

async function read(
  request: HttpRequest,
  context: ApiContext,
  operations: readonly TxnOperation[],
): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { operations, options: { ...options.value, minIndex: 0 } };
  const found = await context.backend.call("Txn.Read", call, request.cancellation);
  if (!found.ok) return errorReply(found.error);
  const { meta, value } = found.value;
  const { "X-Consul-Index": _none, ...headers } = metaHeaders(meta);
  return answer(
    request,
    context,
    { Results: value.Results, Errors: value.Errors, ...metaFields(meta) },
    headers,
  );
}

/** Consul shows these in the body of a transaction that only reads; the index is never filled in. */
function metaFields(meta: QueryMeta): object {
  return {
    Index: 0,
    LastContact: Math.trunc(meta.lastContactMillis) * 1e6,
    KnownLeader: meta.knownLeader,
    ConsistencyLevel: "",
  };
}

function answer(
  request: HttpRequest,
  context: ApiContext,
  body: Omit<TxnAnswer, "fencing">,
  headers: Readonly<Record<string, string>>,
): HttpReply {
  return {
    status: body.Errors === null ? 200 : 409,
    headers: { ...headers, "Content-Type": "application/json" },
    body: toJson(body, wantsPretty(request, context)),
  };
}
