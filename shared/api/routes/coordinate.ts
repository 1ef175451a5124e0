// /v1/coordinate: network coordinates of the nodes and of the datacenters' servers, and a node's own update.

import { fail, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { type CoordinateUpdate, parseCoordinateUpdate } from "../../structs/parse-coordinate.ts";
import type { NodeCoordinate } from "../../structs/coordinate.ts";
import type { Reply } from "../../structs/query.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { readJsonBody } from "../json-body.ts";
import { parseQueryOptions } from "../params.ts";
import { emptyReply, errorReply, jsonReply, plainQueryReply } from "../reply.ts";

/** The routes of this area. */
export const coordinateRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/coordinate/datacenters",
    summary: "WAN coordinates of the servers",
    handle: datacenters,
  },
  { method: "GET", path: "/v1/coordinate/nodes", summary: "LAN coordinates of the nodes", handle: nodes },
  { method: "GET", path: "/v1/coordinate/node/:node", summary: "LAN coordinates of a node", handle: node },
  { method: "PUT", path: "/v1/coordinate/update", summary: "Set a node's coordinate", handle: update },
];

async function datacenters(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const result = await context.backend.call("Coordinate.ListDatacenters", {}, request.cancellation);
  return result.ok ? jsonReply(request, context, result.value) : errorReply(result.error);
}

async function nodes(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { options: options.value };
  const result = await context.backend.call("Coordinate.ListNodes", call, request.cancellation);
  return plainQueryReply(request, context, inSegment(request, result));
}

async function node(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { node: request.params.node ?? "", options: options.value };
  const result = inSegment(
    request,
    await context.backend.call("Coordinate.Node", call, request.cancellation),
  );
  if (result.ok && result.value.value.length === 0) return { status: 404, headers: {}, body: null };
  return plainQueryReply(request, context, result);
}

type Found = Result<Reply<readonly NodeCoordinate[]>, ServerError>;

/** `?segment`: only that one; absent: all. */
function inSegment(request: HttpRequest, found: Found): Found {
  const segment = request.query("segment");
  if (segment === undefined || !found.ok) return found;
  const value = found.value.value.filter((entry) => entry.Segment === segment);
  return { ok: true, value: { ...found.value, value } };
}

async function update(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const parsed = await readUpdate(request);
  if (!parsed.ok) return errorReply(parsed.error);
  const { Node, Segment, Coord, Datacenter } = parsed.value;
  const { token } = options.value;
  const datacenter = options.value.datacenter || Datacenter;
  const call = { datacenter, token, node: Node, segment: Segment, coordinate: Coord };
  const result = await context.backend.call("Coordinate.Update", call, request.cancellation);
  return result.ok ? emptyReply : errorReply(result.error);
}

async function readUpdate(request: HttpRequest): Promise<Result<CoordinateUpdate, ServerError>> {
  const body = await readJsonBody(request);
  if (!body.ok) return body;
  const parsed = parseCoordinateUpdate(body.value);
  return parsed.ok ? parsed : fail(serverError("decodeFailed", parsed.error));
}
