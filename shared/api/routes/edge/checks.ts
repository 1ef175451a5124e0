// /v1/agent/checks and /v1/agent/check/* at the Worker: TTL checks, reported to the servers.

import { healthCheckFields } from "../../../bexpr/fields.ts";
import { limits } from "../../../limits.ts";
import { checkReport } from "../../../structs/parse-check-report.ts";
import { parseCheckDefinition } from "../../../structs/parse-check-definition.ts";
import { filterEntries, requestFilter } from "../../filter.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { readJsonBody } from "../../json-body.ts";
import { requestToken } from "../../params.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../reply.ts";
import { checkRow, deregister, edgeChecks, edgeNode, register, serviceOf, unfitCheck } from "./node.ts";

export const edgeCheckRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/agent/checks", summary: "Checks registered at the Worker", handle: list },
  { method: "PUT", path: "/v1/agent/check/register", summary: "Register a TTL check", handle: add },
  { method: "PUT", path: "/v1/agent/check/deregister/:id", summary: "Deregister a check", handle: remove },
  { method: "PUT", path: "/v1/agent/check/pass/:id", summary: "Report passing", handle: reportAs("passing") },
  { method: "PUT", path: "/v1/agent/check/warn/:id", summary: "Report warning", handle: reportAs("warning") },
  {
    method: "PUT",
    path: "/v1/agent/check/fail/:id",
    summary: "Report critical",
    handle: reportAs("critical"),
  },
  { method: "PUT", path: "/v1/agent/check/update/:id", summary: "Report status and output", handle: update },
];

async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const filter = requestFilter(request, healthCheckFields);
  if (!filter.ok) return errorReply(filter.error);
  const checks = await edgeChecks(context);
  if (!checks.ok) return errorReply(checks.error);
  // An agent knows no indexes of the catalog.
  const unindexed = checks.value.map((check) => ({ ...check, CreateIndex: 0, ModifyIndex: 0 }));
  const byId = Object.fromEntries(unindexed.map((check) => [check.CheckID, check]));
  return jsonReply(request, context, filterEntries(byId, filter.value));
}

async function add(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const parsed = parseCheckDefinition(body.value);
  if (!parsed.ok) return errorReply(parsed.error.error);
  const unfit = unfitCheck(parsed.value);
  if (unfit !== null) return errorReply(unfit);
  const service = await serviceOf(context, parsed.value.serviceId);
  if (!service.ok) return errorReply(service.error);
  const known = await edgeChecks(context);
  if (!known.ok) return errorReply(known.error);
  const definition = { ...parsed.value, id: parsed.value.id === "" ? parsed.value.name : parsed.value.id };
  const token = definition.token === "" ? requestToken(request, context) : definition.token;
  const row = checkRow(definition, service.value, known.value);
  const registered = await register(context, token, null, [{ definition, row }]);
  return registered.ok ? emptyReply : errorReply(registered.error);
}

async function remove(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "CheckID missing");
  const removed = await deregister(context, requestToken(request, context), { CheckID: id });
  return removed.ok ? emptyReply : errorReply(removed.error);
}

function reportAs(status: string): Route["handle"] {
  return (request, context) => report(request, context, status, request.query("note") ?? "");
}

async function update(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const reported = checkReport(body.value);
  if (!reported.ok) return errorReply(reported.error);
  return report(request, context, reported.value.status, reported.value.output);
}

async function report(
  request: HttpRequest,
  context: ApiContext,
  status: string,
  output: string,
): Promise<HttpReply> {
  const reported = await context.backend.call("Health.ReportCheck", {
    token: requestToken(request, context),
    node: edgeNode.name,
    checkId: request.params.id ?? "",
    status,
    output: output.slice(-limits.checkOutputBytesMax),
  });
  return reported.ok ? emptyReply : errorReply(reported.error);
}
