// /v1/agent/services and /v1/agent/service/* at the Worker.

import { nodeServiceFields } from "../../../bexpr/fields.ts";
import { contentHash } from "../../../base/content-hash.ts";
import { parseGoDuration } from "../../../base/millis.ts";
import { serverError } from "../../../errors.ts";
import { agentService } from "../../../structs/agent-service.ts";
import { checkIdOf, newService } from "../../../structs/definition-rows.ts";
import { parseServiceDefinition } from "../../../structs/parse-service-definition.ts";
import { filterEntries, requestFilter } from "../../filter.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { readJsonBody } from "../../json-body.ts";
import { maintenanceCheck, maintenanceCheckId, parseEnable } from "../../maintenance.ts";
import { requestToken } from "../../params.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../reply.ts";
import { healthById, healthByName } from "../../service-health.ts";
import {
  checkRow,
  deregister,
  edgeChecks,
  edgeNode,
  edgeOptions,
  edgeServices,
  register,
  unfitCheck,
} from "./node.ts";

export const edgeServiceRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/agent/services", summary: "Services registered at the Worker", handle: list },
  {
    method: "GET",
    path: "/v1/agent/service/:id",
    summary: "One service, blocking on its hash",
    handle: read,
  },
  {
    method: "GET",
    path: "/v1/agent/health/service/id/:id",
    summary: "Health of one service registered at the Worker",
    handle: healthWith(healthById),
  },
  {
    method: "GET",
    path: "/v1/agent/health/service/name/:name",
    summary: "Health of services registered at the Worker",
    handle: healthWith(healthByName),
  },
  {
    method: "PUT",
    path: "/v1/agent/service/maintenance/:id",
    summary: "Maintenance mode of a service",
    handle: maintain,
  },
  {
    method: "PUT",
    path: "/v1/agent/service/register",
    summary: "Register a service and its TTL checks",
    handle: add,
  },
  {
    method: "PUT",
    path: "/v1/agent/service/deregister/:id",
    summary: "Deregister a service",
    handle: remove,
  },
];

async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const filter = requestFilter(request, nodeServiceFields);
  if (!filter.ok) return errorReply(filter.error);
  const services = await edgeServices(context);
  if (!services.ok) return errorReply(services.error);
  const shown = Object.entries(services.value).map(([id, service]) => [id, agentService(service)] as const);
  return jsonReply(request, context, filterEntries(Object.fromEntries(shown), filter.value));
}

/** As at an agent: with `hash` it waits until the service is another than that. */
async function read(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  const wait = parseGoDuration(request.query("wait") ?? "5m");
  if (!wait.ok) return errorReply(serverError("badRequest", "Invalid wait time"));
  const hash = request.query("hash") ?? "";
  let minIndex = 0;
  for (;;) {
    const waiting = { ...edgeOptions, minIndex, waitMillis: wait.value };
    const call = { options: waiting, node: edgeNode.name };
    const found = await context.backend.call("Catalog.NodeServices", call, request.cancellation);
    if (!found.ok) return errorReply(found.error);
    const service = found.value.value?.Services[id];
    if (service === undefined) return textReply(404, `unknown service ID: ${id}`);
    const shown = agentService(service);
    const ContentHash = contentHash(JSON.stringify(shown));
    // Waits once: what comes back then is an answer, whether it moved or the time is over.
    if (hash === ContentHash && minIndex === 0) {
      minIndex = found.value.meta.index;
      continue;
    }
    const reply = jsonReply(request, context, { ...shown, ContentHash });
    return { ...reply, headers: { ...reply.headers, "X-Consul-Contenthash": ContentHash } };
  }
}

function healthWith(answer: typeof healthById): Route["handle"] {
  return async (request, context) => {
    const [services, checks] = [await edgeServices(context), await edgeChecks(context)];
    if (!services.ok) return errorReply(services.error);
    if (!checks.ok) return errorReply(checks.error);
    return answer(request, context, { services: Object.values(services.value), checks: checks.value });
  };
}

async function maintain(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(400, "Missing service ID");
  const enable = parseEnable(request);
  if (typeof enable !== "boolean") return enable;
  const services = await edgeServices(context);
  if (!services.ok) return errorReply(services.error);
  const service = services.value[id];
  if (service === undefined) return textReply(404, `No service registered with ID ${JSON.stringify(id)}`);
  const checkId = maintenanceCheckId(id);
  const checks = await edgeChecks(context);
  if (!checks.ok) return errorReply(checks.error);
  const isOn = checks.value.some((check) => check.CheckID === checkId);
  if (enable === isOn) return emptyReply; // as at an agent: not even the reason changes
  const token = requestToken(request, context);
  const row = maintenanceCheck(edgeNode.name, checkId, request.query("reason") ?? "", service);
  const changed = enable
    ? await register(context, token, null, [{ definition: null, row }])
    : await deregister(context, token, { CheckID: checkId });
  return changed.ok ? emptyReply : errorReply(changed.error);
}

async function add(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const parsed = parseServiceDefinition(body.value);
  if (!parsed.ok) return errorReply(parsed.error.error);
  const definition = parsed.value;
  if (definition.sidecar !== undefined)
    return errorReply(serverError("notImplemented", "Connect.SidecarService on the node of the Worker"));
  if (definition.address === "") return errorReply(addressless);
  const unfit = definition.checks.map(unfitCheck).find((problem) => problem !== null);
  if (unfit !== undefined && unfit !== null) return errorReply(unfit);
  const known = await edgeChecks(context);
  if (!known.ok) return errorReply(known.error);

  const service = newService(definition);
  const checks = definition.checks.map((check, position) => {
    const id = checkIdOf(definition, check, position);
    const name = check.name === "" ? `Service '${definition.name}' check` : check.name;
    const named = { ...check, id, name };
    return { definition: named, row: checkRow(named, service, known.value) };
  });
  const token = definition.token === "" ? requestToken(request, context) : definition.token;
  const registered = await register(context, token, service, checks);
  if (!registered.ok) return errorReply(registered.error);
  if (!["", "true"].includes(request.query("replace-existing-checks") ?? "false")) return emptyReply;
  const kept = new Set(checks.map(({ row }) => row.CheckID));
  const replaced = known.value.filter((check) => check.ServiceID === service.ID && !kept.has(check.CheckID));
  for (const check of replaced) {
    const removed = await deregister(context, token, { CheckID: check.CheckID });
    if (!removed.ok) return errorReply(removed.error);
  }
  return emptyReply;
}

const addressless = serverError(
  "badRequest",
  "Invalid service address: a service that is registered at the edge needs an Address, for no machine is known there",
);

async function remove(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "ServiceID missing");
  const removed = await deregister(context, requestToken(request, context), { ServiceID: id });
  return removed.ok ? emptyReply : errorReply(removed.error);
}
