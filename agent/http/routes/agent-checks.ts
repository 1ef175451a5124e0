// /v1/agent/checks, /v1/agent/check/*: checks of this agent, registering, reports for TTL checks (surface A4).

import { readJsonBody } from "../../../shared/api/json-body.ts";
import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { filterEntries, requestFilter } from "../../../shared/api/filter.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { filterErrorPrefix } from "../../../shared/bexpr/evaluate.ts";
import { errorMessage } from "../../../shared/errors.ts";
import { healthCheckFields } from "../../../shared/bexpr/fields.ts";
import { parseCheckDefinition } from "../../../shared/structs/parse-check-definition.ts";
import { checkReport } from "../../../shared/structs/parse-check-report.ts";
import type { CheckStatus } from "../../checks/status.ts";
import type { AgentContext } from "../context.ts";
import { fromApi, ownToken } from "./agent-services.ts";
import { problemReply } from "./problem-reply.ts";
import { agentChecks } from "./present.ts";

export const agentCheckRoutes: readonly Route<AgentContext>[] = [
  { method: "GET", path: "/v1/agent/checks", summary: "Checks of this agent", handle: listChecks },
  { method: "PUT", path: "/v1/agent/check/register", summary: "Register a check", handle: registerCheck },
  {
    method: "PUT",
    path: "/v1/agent/check/deregister/:id",
    summary: "Deregister a check",
    handle: deregisterCheck,
  },
  {
    method: "PUT",
    path: "/v1/agent/check/pass/:id",
    summary: "Report a TTL check as passing",
    handle: reportAs("passing"),
  },
  {
    method: "PUT",
    path: "/v1/agent/check/warn/:id",
    summary: "Report a TTL check as warning",
    handle: reportAs("warning"),
  },
  {
    method: "PUT",
    path: "/v1/agent/check/fail/:id",
    summary: "Report a TTL check as critical",
    handle: reportAs("critical"),
  },
  {
    method: "PUT",
    path: "/v1/agent/check/update/:id",
    summary: "Report status and output of a TTL check",
    handle: updateCheck,
  },
];

async function listChecks(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const filter = requestFilter(request, healthCheckFields);
  if (!filter.ok) {
    const reason = errorMessage(filter.error).replace(filterErrorPrefix, "");
    if (/^\d+:\d+ /.test(reason)) return errorReply(filter.error);
    // Only here a selector is looked at when it meets a check, and said to be wrong without an introduction.
    return context.state.checks.size === 0 ? jsonReply(request, context, {}) : textReply(500, reason);
  }
  const checks = agentChecks(context.state.checks.values());
  return jsonReply(request, context, filterEntries(checks, filter.value));
}

async function registerCheck(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const parsed = parseCheckDefinition(body.value, fromApi(context));
  if (!parsed.ok) return problemReply(parsed.error);
  const token = parsed.value.token === "" ? ownToken(request) : parsed.value.token;
  const added = context.registrar.addCheck({ ...parsed.value, token }, "api");
  return added.ok ? emptyReply : errorReply(added.error);
}

async function deregisterCheck(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const id = request.params.id ?? "";
  if (id === "") return textReply(500, "CheckID missing");
  context.registrar.removeCheck(id);
  return emptyReply;
}

function reportAs(status: CheckStatus): Route<AgentContext>["handle"] {
  return async (request, context) => {
    const reported = context.registrar.report(request.params.id ?? "", status, request.query("note") ?? "");
    return reported.ok ? emptyReply : errorReply(reported.error);
  };
}

async function updateCheck(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const body = await readJsonBody(request);
  if (!body.ok) return errorReply(body.error);
  const report = checkReport(body.value);
  if (!report.ok) return errorReply(report.error);
  const { status, output } = report.value;
  const reported = context.registrar.report(request.params.id ?? "", status, output);
  return reported.ok ? emptyReply : errorReply(reported.error);
}
