// /v1/session: creating, renewing and ending sessions, and reading them.

import { parseGoJson } from "../../base/go-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { parseSession } from "../../structs/parse-session.ts";
import { serfHealthCheckId } from "../../structs/check.ts";
import type { Session, SessionOperation, SessionRequest } from "../../structs/session.ts";
import type { Reply } from "../../structs/query.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseQueryOptions, requestToken } from "../params.ts";
import { edgeNode, register } from "./edge/node.ts";
import { errorReply, failedQueryReply, jsonReply, metaHeaders } from "../reply.ts";

/** The routes of this area. */
export const sessionRoutes: readonly Route[] = [
  { method: "PUT", path: "/v1/session/create", summary: "Create a session", handle: create },
  { method: "PUT", path: "/v1/session/destroy/:id", summary: "End a session and its locks", handle: destroy },
  { method: "PUT", path: "/v1/session/renew/:id", summary: "Start a session's TTL again", handle: renew },
  { method: "GET", path: "/v1/session/info/:id", summary: "One session", handle: info },
  { method: "GET", path: "/v1/session/node/:node", summary: "Sessions of a node", handle: ofNode },
  { method: "GET", path: "/v1/session/list", summary: "All sessions", handle: list },
];

const missingSession = errorReply(serverError("badRequest", "Missing session"));

async function create(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await optionalBody(request);
  if (!body.ok) return errorReply(body.error);
  const session = parseSession(body.value, context.nodeName ?? "");
  if (!session.ok) return errorReply(session.error);
  const created =
    context.nodeName === undefined && session.value.Node === ""
      ? await createAtEdge(request, context, session.value)
      : await apply(request, context, { verb: "create", session: session.value });
  return created.ok ? jsonReply(request, context, { ID: created.value }) : errorReply(created.error);
}

/** Where no agent answers, a session that names no node belongs to the edge's, which has no serfHealth to lose. */
async function createAtEdge(
  request: HttpRequest,
  context: ApiContext,
  asked: SessionRequest,
): Promise<Result<string, ServerError>> {
  const NodeChecks = asked.NodeChecks?.filter((check) => check !== serfHealthCheckId) ?? [];
  const session: SessionRequest = { ...asked, Node: edgeNode.name, NodeChecks };
  const created = await apply(request, context, { verb: "create", session });
  if (created.ok || created.error.args[0] !== "Missing node registration") return created;
  const registered = await register(context, requestToken(request, context), null, []);
  return registered.ok ? apply(request, context, { verb: "create", session }) : registered;
}

/** Without a body a session has the defaults of everything. */
async function optionalBody(request: HttpRequest): Promise<Result<unknown, ServerError>> {
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return body;
  if (body.value.length === 0) return ok(undefined);
  const parsed = parseGoJson(new TextDecoder().decode(body.value));
  return parsed.ok ? parsed : fail(serverError("decodeFailed", parsed.error));
}

async function destroy(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return missingSession;
  const destroyed = await apply(request, context, { verb: "destroy", id });
  return destroyed.ok ? jsonReply(request, context, true) : errorReply(destroyed.error);
}

function apply(
  request: HttpRequest,
  context: ApiContext,
  operation: SessionOperation,
): Promise<Result<string, ServerError>> {
  const datacenter = request.query("dc") ?? "";
  const call = { operation, datacenter, token: requestToken(request, context) };
  return context.backend.call("Session.Apply", call, request.cancellation);
}

async function renew(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const id = request.params.id ?? "";
  if (id === "") return missingSession;
  const { datacenter, token } = options.value;
  const call = { id, datacenter, token };
  const renewed = await context.backend.call("Session.Renew", call, request.cancellation);
  if (!renewed.ok) return errorReply(renewed.error);
  if (renewed.value.length > 0) return jsonReply(request, context, renewed.value);
  return errorReply(serverError("notFound", `Session id '${id}' not found`));
}

async function info(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const id = request.params.id ?? "";
  if (id === "") return missingSession;
  const call = { id, options: options.value };
  return sessionsReply(
    request,
    context,
    await context.backend.call("Session.Get", call, request.cancellation),
  );
}

async function ofNode(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const node = request.params.node ?? "";
  if (node === "") return errorReply(serverError("badRequest", "Missing node name"));
  const call = { node, options: options.value };
  return sessionsReply(
    request,
    context,
    await context.backend.call("Session.NodeSessions", call, request.cancellation),
  );
}

async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const call = { options: options.value };
  return sessionsReply(
    request,
    context,
    await context.backend.call("Session.List", call, request.cancellation),
  );
}

/** Consul says nothing here about the consistency of the answer. */
function sessionsReply(
  request: HttpRequest,
  context: ApiContext,
  result: Result<Reply<readonly Session[]>, ServerError>,
): HttpReply {
  if (!result.ok) return failedQueryReply(result.error);
  const reply = jsonReply(request, context, result.value.value);
  return { ...reply, headers: { ...metaHeaders(result.value.meta), ...reply.headers } };
}
