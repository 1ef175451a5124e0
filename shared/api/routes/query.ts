// /v1/query: prepared queries: definitions by id, and explaining and executing them by id or name.

import { fail, ok, type Result } from "../../base/result.ts";
import { parseGoBoolean } from "../../base/go-number.ts";
import { errorMessage, type ServerError, serverError } from "../../errors.ts";
import { parsePreparedQuery } from "../../structs/parse-prepared-query.ts";
import type { PreparedQueryFields, QueryOperation, QueryResult } from "../../structs/prepared-query.ts";
import type { Consistency, QueryMeta, Reply } from "../../structs/query.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { cachedCall, withHeaders } from "../cached-read.ts";
import { readJsonBody } from "../json-body.ts";
import { parseQueryOptions } from "../params.ts";
import { emptyReply, errorReply, jsonReply, queryReply } from "../reply.ts";

/** The routes of this area. */
export const queryRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/query", summary: "All prepared queries", handle: list },
  { method: "POST", path: "/v1/query", summary: "Create a prepared query", handle: create },
  { method: "GET", path: "/v1/query/:id", summary: "Read a prepared query", handle: read },
  { method: "PUT", path: "/v1/query/:id", summary: "Replace a prepared query", handle: update },
  { method: "DELETE", path: "/v1/query/:id", summary: "Delete a prepared query", handle: remove },
  { method: "GET", path: "/v1/query/:id/execute", summary: "Execute by id or name", handle: execute },
  { method: "GET", path: "/v1/query/:id/explain", summary: "Show what would be executed", handle: explain },
];

async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { options: options.value };
  return queryReply(
    request,
    context,
    await context.backend.call("PreparedQuery.List", call, request.cancellation),
  );
}

async function create(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const query = await readQuery(request);
  if (!query.ok) return errorReply(query.error);
  if (query.value.ID !== "") {
    return errorReply(serverError("rejected", "ID must be empty when creating a new prepared query"));
  }
  const id = await apply(request, context, "create", query.value);
  return id.ok ? jsonReply(request, context, { ID: id.value }) : errorReply(id.error);
}

async function update(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const query = await readQuery(request, true);
  if (!query.ok) return errorReply(query.error);
  const id = await apply(request, context, "update", { ...query.value, ID: request.params.id ?? "" });
  return id.ok ? emptyReply : errorReply(id.error);
}

async function remove(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const empty = parsePreparedQuery({ ID: request.params.id ?? "" });
  if (!empty.ok) return errorReply(serverError("decodeFailed", empty.error));
  const id = await apply(request, context, "delete", empty.value);
  return id.ok ? emptyReply : errorReply(id.error);
}

async function apply(
  request: HttpRequest,
  context: ApiContext,
  operation: QueryOperation,
  query: PreparedQueryFields,
): Promise<Result<string, ServerError>> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return options;
  const { datacenter, token } = options.value;
  const call = { datacenter, token, operation, query };
  return context.backend.call("PreparedQuery.Apply", call, request.cancellation);
}

async function readQuery(
  request: HttpRequest,
  isOptional = false,
): Promise<Result<PreparedQueryFields, ServerError>> {
  const body = await readJsonBody(request, isOptional);
  if (!body.ok) return body;
  const parsed = parsePreparedQuery(body.value);
  return parsed.ok ? parsed : fail(serverError("decodeFailed", parsed.error));
}

async function read(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { id: request.params.id ?? "", options: options.value };
  const found = inner(await context.backend.call("PreparedQuery.Get", call, request.cancellation));
  return queryReply(request, context, found, (query) => [query]);
}

async function explain(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { idOrName: request.params.id ?? "", options: notBlocking(options.value) };
  const found = inner(await context.backend.call("PreparedQuery.Explain", call, request.cancellation));
  if (!found.ok) return queryReply(request, context, found);
  const { meta, value: query } = found.value;
  return queryReply(request, context, found, () => ({ Query: query, ...answered(meta) }));
}

async function execute(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const flags = executionFlags(request);
  if (!flags.ok) return errorReply(flags.error);
  // "_agent" and "_ip" are resolved where the query is executed: the query's own Near may say so, too.
  const near = request.query("near") ?? "";
  const call = {
    idOrName: request.params.id ?? "",
    ...flags.value,
    agentNode: context.nodeName ?? "",
    sourceAddress: sourceAddress(request),
    options: { ...notBlocking(options.value), near },
  };
  const asked = await cachedCall(request, context, "simple", "PreparedQuery.Execute", call);
  const found = inner(asked.result);
  if (!found.ok) {
    // Whatever the cache could not get is an error of the server (Consul).
    const isCached = request.query("cached") !== undefined && found.error.code === "notFound";
    const error = isCached ? serverError("rejected", errorMessage(found.error)) : found.error;
    return queryReply(request, context, fail(error));
  }
  const { meta, value: result } = found.value;
  const reply = queryReply(request, context, found, () => ({ ...shown(result), ...answered(meta) }));
  return withHeaders(reply, asked.headers);
}

function notBlocking<O extends { readonly minIndex: number }>(options: O): O {
  return { ...options, minIndex: 0 };
}

/** An answer inside an answer: what the state says is wrong fails like the call itself. */
function inner<T>(result: Result<Reply<Result<T, ServerError>>, ServerError>): Result<Reply<T>, ServerError> {
  if (!result.ok) return result;
  const { meta, value } = result.value;
  return value.ok ? ok({ meta, value: value.value }) : value;
}

const consistencyLevel: { readonly [C in Consistency]: string } = {
  default: "leader",
  consistent: "consistent",
  stale: "stale",
};

/** The query meta that Consul repeats in the body; Index is always 0 there. */
function answered(meta: QueryMeta) {
  return {
    Index: 0,
    LastContact: Math.round(meta.lastContactMillis * 1e6),
    KnownLeader: meta.knownLeader,
    ConsistencyLevel: consistencyLevel[meta.consistency],
  };
}

/** Only here Consul shows no tags and no checks as null. */
function shown(result: QueryResult) {
  const orNull = <T>(list: readonly T[]) => (list.length === 0 ? null : list);
  const Nodes = result.Nodes.map(({ Node, Service, Checks }) => ({
    Node,
    Service: { ...Service, Tags: orNull(Service.Tags) },
    Checks: orNull(Checks.map((check) => ({ ...check, ServiceTags: orNull(check.ServiceTags) }))),
  }));
  return { ...result, Nodes };
}

function executionFlags(
  request: HttpRequest,
): Result<{ readonly limit: number; readonly connect: boolean }, ServerError> {
  const limitText = request.query("limit") ?? "";
  if (limitText !== "" && !/^[+-]?\d+$/.test(limitText)) {
    const problem = `strconv.Atoi: parsing ${JSON.stringify(limitText)}: invalid syntax`;
    return fail(serverError("rejected", `Bad limit: ${problem}`));
  }
  const limit = Number(limitText);
  if (!Number.isSafeInteger(limit)) {
    const problem = `strconv.Atoi: parsing ${JSON.stringify(limitText)}: value out of range`;
    return fail(serverError("rejected", `Bad limit: ${problem}`));
  }
  const connectText = request.query("connect") ?? "";
  const connect = connectText === "" ? false : parseGoBoolean(connectText);
  if (connect === null) {
    const problem = `strconv.ParseBool: parsing ${JSON.stringify(connectText)}: invalid syntax`;
    return fail(serverError("rejected", `Error parsing 'connect' value: ${problem}`));
  }
  return ok({ limit, connect });
}

/** What "_ip" means: the first address that a proxy names, else the connection's own. */
function sourceAddress(request: HttpRequest): string {
  const forwarded = request.header("x-forwarded-for")?.split(",")[0]?.trim() ?? "";
  return forwarded === "" ? (request.remoteAddress ?? "") : forwarded;
}
