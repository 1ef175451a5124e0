// /v1/agent/services, /v1/agent/service/*: what is registered here, registering, deregistering (surface A4).

import { readJsonBody } from "../../../shared/api/json-body.ts";
import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { filterEntries, requestFilter } from "../../../shared/api/filter.ts";
import { requestToken } from "../../../shared/api/params.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { nodeServiceFields } from "../../../shared/bexpr/fields.ts";
import { parseGoDuration } from "../../../shared/base/millis.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { DefinitionSource } from "../../../shared/structs/check-fields.ts";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";
import type { AgentContext } from "../context.ts";
import { problemReply } from "./problem-reply.ts";
import { agentServices, agentServiceWithHash } from "./present.ts";

export const agentServiceRoutes: readonly Route<AgentContext>[] = [
  {
    method: "GET",
    path: "/v1/agent/services",
    summary: "Services registered with this agent",
    handle: listServices,
  },
  {
    method: "GET",
    path: "/v1/agent/service/:id",
    summary: "One service, blocking on its hash",
    handle: readService,
  },
  {
    method: "PUT",
    path: "/v1/agent/service/register",
    summary: "Register a service and its checks",
    handle: registerService,
  },
  {
    method: "PUT",
    path: "/v1/agent/service/deregister/:id",
    summary: "Deregister a service",
    handle: deregisterService,
  },
];

async function listServices(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const filter = requestFilter(request, nodeServiceFields);
  if (!filter.ok) return errorReply(filter.error);
  const services = agentServices(context.state.services.values());
  return jsonReply(request, context, filterEntries(services, filter.value));
}

async function readService(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  const wait = parseGoDuration(request.query("wait") ?? "5m");
  if (!wait.ok) return errorReply(serverError("badRequest", "Invalid wait time"));
  const hash = request.query("hash") ?? "";
  if (hash !== "") await waitForOtherHash(id, hash, wait.value, request, context);
  const entry = context.state.services.get(id);
  if (entry === undefined) return textReply(404, `unknown service ID: ${id}`);
  const service = agentServiceWithHash(entry.service);
  const reply = jsonReply(request, context, service);
  return { ...reply, headers: { ...reply.headers, "X-Consul-Contenthash": service.ContentHash } };
}

/** Returns when the service's hash is another, the service is gone, the time is over or the caller is. */
function waitForOtherHash(
  id: string,
  hash: string,
  waitMillis: number,
  request: HttpRequest,
  context: AgentContext,
): Promise<void> {
  return new Promise((resolve) => {
    const changed = (): boolean => {
      const entry = context.state.services.get(id);
      return entry === undefined || agentServiceWithHash(entry.service).ContentHash !== hash;
    };
    if (changed()) return resolve();
    const done = (): void => {
      stopListening();
      stopTimer();
      resolve();
    };
    const stopListening = context.state.onChange((change) => {
      if (change.kind === "service" && change.id === id && changed()) done();
    });
    const stopTimer = context.timers.after(Math.min(waitMillis, limits.blockingQueryWaitMillisMax), done);
    request.cancellation.onAbort(done);
  });
}

async function registerService(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const parsed = parseServiceDefinition(body.value, fromApi(context));
  if (!parsed.ok) return problemReply(parsed.error);
  const token = parsed.value.token === "" ? ownToken(request) : parsed.value.token;
  const replaceChecks = ["", "true"].includes(request.query("replace-existing-checks") ?? "false");
  const added = context.registrar.addService({ ...parsed.value, token }, "api", replaceChecks);
  return added.ok ? emptyReply : errorReply(added.error);
}

async function deregisterService(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "ServiceID missing");
  // Consul 1.8.7 answers 200 for a service it does not know.
  context.registrar.removeService(id);
  return emptyReply;
}

/** What came over HTTP may run programs only where the operator says so. */
export function fromApi(context: AgentContext): DefinitionSource {
  return { source: "api", scripts: context.config.enableRemoteScripts };
}

/** The token that came with the request; the agent's default is applied when syncing, so that it may change. */
export function ownToken(request: HttpRequest): string {
  return requestToken(request, { defaultToken: "" });
}
