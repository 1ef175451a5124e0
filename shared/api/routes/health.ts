// /v1/health: checks by node, service and state, and service instances with their checks.

import { parseGoBoolean } from "../../base/go-number.ts";
import { fail, type Result } from "../../base/result.ts";
import { checkServiceNodeFields, healthCheckFields } from "../../bexpr/fields.ts";
import { type ServerError, serverError } from "../../errors.ts";
import type { RpcRequest } from "../../rpc/methods.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { cachedCall, withHeaders } from "../cached-read.ts";
import { watchable } from "../event-stream.ts";
import { filterRows, requestFilter } from "../filter.ts";
import { parseDiscoveryOptions, parseNodeMeta } from "../params.ts";
import { errorReply, failedQueryReply, keepable, queryReply } from "../reply.ts";

/** The routes of this area. */
export const healthRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/health/node/:node", summary: "Checks of a node", handle: nodeChecks },
  {
    method: "GET",
    path: "/v1/health/checks/:service",
    summary: "Checks of a service",
    handle: serviceChecks,
  },
  {
    method: "GET",
    path: "/v1/health/service/:service",
    summary: "Instances with checks",
    handle: watchable(serviceNodes),
  },
  { method: "GET", path: "/v1/health/state/:state", summary: "Checks by status", handle: checksInState },
];

type HealthMethod =
  | "Health.NodeChecks"
  | "Health.ServiceChecks"
  | "Health.ChecksInState"
  | "Health.ServiceNodes";

/** Options, the call and the reply that all reads of this area have in common. */
async function read<M extends HealthMethod>(
  request: HttpRequest,
  context: ApiContext,
  method: M,
  argumentsOf: Omit<RpcRequest<M>, "options">,
): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const fields = method === "Health.ServiceNodes" ? checkServiceNodeFields : healthCheckFields;
  const filter = requestFilter(request, fields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const call = { ...argumentsOf, options: options.value } as unknown as RpcRequest<M>;
  const kind = method === "Health.ServiceNodes" ? "refreshed" : null;
  const { result, headers } = await cachedCall<HealthMethod>(request, context, kind, method, call);
  const present = (rows: readonly unknown[]) => filterRows(rows, filter.value);
  const reply = keepable(queryReply<readonly unknown[]>(request, context, result, present), result);
  return withHeaders(reply, headers);
}

async function nodeChecks(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const node = request.params.node ?? "";
  if (node === "") return missing("node name");
  return read(request, context, "Health.NodeChecks", { node });
}

async function serviceChecks(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const service = request.params.service ?? "";
  if (service === "") return missing("service name");
  return read(request, context, "Health.ServiceChecks", { service, nodeMeta: parseNodeMeta(request) });
}

async function checksInState(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const state = request.params.state ?? "";
  if (state === "") return missing("check state");
  return read(request, context, "Health.ChecksInState", { state, nodeMeta: parseNodeMeta(request) });
}

async function serviceNodes(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return readHealthyNodes(request, context, "own");
}

/** Instances of a service with checks, or those that take part in the mesh for it, or lead to it from outside. */
export async function readHealthyNodes(
  request: HttpRequest,
  context: ApiContext,
  sort: "own" | "mesh" | "ingress",
): Promise<HttpReply> {
  const service = request.params.service ?? "";
  if (service === "") return missing("service name");
  const passingOnly = parsePassing(request);
  if (!passingOnly.ok) return errorReply(passingOnly.error);
  const tags = request.rawQuery === "" ? noTags : request.queryAll("tag");
  return read(request, context, "Health.ServiceNodes", {
    service,
    tags,
    passingOnly: passingOnly.value,
    nodeMeta: parseNodeMeta(request),
    ...(sort === "mesh" ? { mesh: true } : {}),
    // With a tag Consul 1.8.7 answers with the service's own instances here.
    ...(sort === "ingress" && tags.length === 0 ? { ingress: true } : {}),
  });
}

const noTags: readonly string[] = [];

/** The one flag whose value counts: bare is true, else a boolean in Go's spellings. */
function parsePassing(request: HttpRequest): Result<boolean, ServerError> {
  if (request.rawQuery === "") return { ok: true, value: false };
  const text = request.query("passing");
  if (text === undefined || text === "") return { ok: true, value: text !== undefined };
  const value = parseGoBoolean(text);
  if (value === null) return fail(serverError("badRequest", "Invalid value for ?passing"));
  return { ok: true, value };
}

function missing(what: string): HttpReply {
  return errorReply(serverError("badRequest", `Missing ${what}`));
}
