// /v1/catalog: registrations, and the lists of datacenters, nodes, services and instances.

import type { Filter } from "../../bexpr/evaluate.ts";
import { nodeFields, nodeServiceFields, serviceNodeFields } from "../../bexpr/fields.ts";
import { serverError } from "../../errors.ts";
import type { NodeServices } from "../../structs/service.ts";
import { parseDeregistration, parseRegistration } from "../../structs/parse-registration.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { cachedCall, withHeaders } from "../cached-read.ts";
import { filterEntries, filterRows, requestFilter } from "../filter.ts";
import { readJsonBody } from "../json-body.ts";
import { parseDiscoveryOptions, parseNodeMeta, requestToken } from "../params.ts";
import { errorReply, failedQueryReply, jsonReply, keepable, queryReply } from "../reply.ts";

/** The routes of this area. */
export const catalogRoutes: readonly Route[] = [
  {
    method: "PUT",
    path: "/v1/catalog/register",
    summary: "Register node, service, checks",
    handle: register,
  },
  {
    method: "PUT",
    path: "/v1/catalog/deregister",
    summary: "Remove node, service or check",
    handle: deregister,
  },
  {
    method: "GET",
    path: "/v1/catalog/datacenters",
    summary: "Names of the datacenters",
    handle: listDatacenters,
  },
  { method: "GET", path: "/v1/catalog/nodes", summary: "All nodes", handle: listNodes },
  {
    method: "GET",
    path: "/v1/catalog/services",
    summary: "All services with their tags",
    handle: listServices,
  },
  {
    method: "GET",
    path: "/v1/catalog/service/:service",
    summary: "Instances of a service",
    handle: serviceNodes,
  },
  {
    method: "GET",
    path: "/v1/catalog/node/:node",
    summary: "A node with its services",
    handle: nodeServices,
  },
  {
    method: "GET",
    path: "/v1/catalog/node-services/:node",
    summary: "A node with its services as a list",
    handle: nodeServiceList,
  },
];

async function register(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const registration = parseRegistration(body.value);
  if (!registration.ok) return errorReply(registration.error);
  // The datacenter is the body's alone: Consul ignores ?dc here.
  const call = { registration: registration.value, token: requestToken(request, context) };
  const result = await context.backend.call("Catalog.Register", call, request.cancellation);
  return result.ok ? jsonReply(request, context, true) : errorReply(result.error);
}

async function deregister(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const deregistration = parseDeregistration(body.value);
  if (!deregistration.ok) return errorReply(deregistration.error);
  const call = { deregistration: deregistration.value, token: requestToken(request, context) };
  const result = await context.backend.call("Catalog.Deregister", call, request.cancellation);
  return result.ok ? jsonReply(request, context, true) : errorReply(result.error);
}

async function listDatacenters(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const { result, headers } = await cachedCall(request, context, "simple", "Catalog.ListDatacenters", {});
  return result.ok
    ? withHeaders(jsonReply(request, context, result.value), headers)
    : errorReply(result.error);
}

async function listNodes(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const filter = requestFilter(request, nodeFields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const call = { nodeMeta: parseNodeMeta(request), options: options.value };
  const result = await context.backend.call("Catalog.ListNodes", call, request.cancellation);
  return keepable(
    queryReply(request, context, result, (rows) => filterRows(rows, filter.value)),
    result,
  );
}

async function listServices(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  // Consul 1.8 has no ?filter here and ignores it.
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { nodeMeta: parseNodeMeta(request), options: options.value };
  const { result, headers } = await cachedCall(request, context, "refreshed", "Catalog.ListServices", call);
  return withHeaders(keepable(queryReply(request, context, result), result), headers);
}

async function serviceNodes(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return readServiceNodes(request, context, false);
}

/** Instances of a service, or with `mesh` those that take part in the mesh for it. */
export async function readServiceNodes(
  request: HttpRequest,
  context: ApiContext,
  mesh: boolean,
): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const service = request.params.service ?? "";
  if (service === "") return errorReply(serverError("badRequest", "Missing service name"));
  const filter = requestFilter(request, serviceNodeFields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const tags = request.queryAll("tag");
  const asked = { service, tags, nodeMeta: parseNodeMeta(request), options: options.value };
  const call = mesh ? { ...asked, mesh } : asked;
  const { result, headers } = await cachedCall(request, context, "refreshed", "Catalog.ServiceNodes", call);
  const reply = queryReply(request, context, result, (rows) => filterRows(rows, filter.value));
  return withHeaders(keepable(reply, result), headers);
}

async function nodeServices(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return readNode(request, context, (found, filter) =>
    found === null ? null : { ...found, Services: filterEntries(found.Services, filter) },
  );
}

async function nodeServiceList(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return readNode(request, context, (found, filter) => {
    if (found === null) return { Node: null, Services: null };
    const services = Object.values(found.Services);
    return { Node: found.Node, Services: services.length === 0 ? null : filterRows(services, filter) };
  });
}

async function readNode(
  request: HttpRequest,
  context: ApiContext,
  present: (found: NodeServices | null, filter: Filter | null) => unknown,
): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const node = request.params.node ?? "";
  if (node === "") return errorReply(serverError("badRequest", "Missing node name"));
  const filter = requestFilter(request, nodeServiceFields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const call = { node, options: options.value };
  const result = await context.backend.call("Catalog.NodeServices", call, request.cancellation);
  return queryReply(request, context, result, (found) => present(found, filter.value));
}
