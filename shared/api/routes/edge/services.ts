// /v1/agent/services and /v1/agent/service/* at the Worker.

import { nodeServiceFields } from "../../../bexpr/fields.ts";
import { serverError } from "../../../errors.ts";
import { agentService } from "../../../structs/agent-service.ts";
import { checkIdOf, newService } from "../../../structs/definition-rows.ts";
import { parseServiceDefinition } from "../../../structs/parse-service-definition.ts";
import { filterEntries, requestFilter } from "../../filter.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { readJsonBody } from "../../json-body.ts";
import { requestToken } from "../../params.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../reply.ts";
import { checkRow, deregister, edgeChecks, edgeServices, register, unfitCheck } from "./node.ts";

export const edgeServiceRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/agent/services", summary: "Services registered at the Worker", handle: list },
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
