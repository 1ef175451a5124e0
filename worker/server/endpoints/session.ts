// Sessions: creating and ending go through the log, renewing is the leader's memory alone. What needs the settings of
// the server is refused here; node and checks are looked at while applying.

import { formatGoDuration, parseGoDuration } from "../../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import { sessionById } from "../../../shared/state/sessions.ts";
import { parseSessionId, type SessionRequest } from "../../../shared/structs/session.ts";
import type { ServerConfig } from "../config.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  type Field,
  isObject,
  listOf,
  object,
  orNull,
  queryOptions,
  requestOf,
  text,
  texts,
} from "./request-shape.ts";

type ApplyRequest = RpcRequest<"Session.Apply">;

const session = object({
  Name: text,
  Node: text,
  LockDelay: (value) => typeof value === "number" && Number.isFinite(value),
  Behavior: text,
  TTL: text,
  NodeChecks: orNull(texts),
  ServiceChecks: orNull(listOf(object({ ID: text, Namespace: text }))),
  Checks: (value) => value === undefined || texts(value),
});

const operation: Field = (value) =>
  isObject(value) &&
  ((value.verb === "create" && session(value.session)) || (value.verb === "destroy" && text(value.id)));

const applyShape = requestOf<ApplyRequest>({ token: text, operation, datacenter: text });

function checkApply(request: unknown): Result<ApplyRequest, ServerError> {
  const shaped = applyShape(request);
  if (!shaped.ok || shaped.value.operation.verb !== "destroy") return shaped;
  const id = parseSessionId(shaped.value.operation.id);
  return id.ok ? shaped : fail(serverError("rejected", id.error));
}

/** In Consul's order, with its texts; null when the session may be created as far as this server can say. */
function refusal(request: SessionRequest, config: ServerConfig): string | null {
  if (request.Node === "") return "Must provide Node";
  if (request.Behavior !== "release" && request.Behavior !== "delete") {
    return `Invalid Behavior setting '${request.Behavior}'`;
  }
  if (request.TTL === "") return null;
  const ttl = parseGoDuration(request.TTL);
  if (!ttl.ok) return `Session TTL '${request.TTL}' invalid: ${ttl.error}`;
  const least = config.sessionTtlMinMillis ?? limits.sessionTtlMillisMin;
  const most = limits.sessionTtlMillisMax;
  if (ttl.value === 0 || (ttl.value >= least && ttl.value <= most)) return null;
  const between = `[${formatGoDuration(least)}=${formatGoDuration(most)}]`;
  return `Invalid Session TTL '${Math.round(ttl.value * 1e6)}', must be between ${between}`;
}

export const sessionEndpoints = {
  "Session.Get": {
    kind: "read",
    check(request) {
      const shaped = requestOf<RpcRequest<"Session.Get">>({ options: queryOptions, id: text })(request);
      const id = shaped.ok ? parseSessionId(shaped.value.id) : null;
      return id === null || id.ok ? shaped : fail(serverError("rejected", id.error));
    },
  },
  "Session.List": { kind: "read", check: requestOf({ options: queryOptions }) },
  "Session.NodeSessions": { kind: "read", check: requestOf({ options: queryOptions, node: text }) },
  "Session.Apply": {
    kind: "write",
    check: checkApply,
    datacenter: (request) => request.datacenter,
    refuse(request, { config }) {
      if (request.operation.verb !== "create") return null;
      const wrong = refusal(request.operation.session, config);
      return wrong === null ? null : serverError("rejected", wrong);
    },
    command(request, _datacenter, proposal) {
      const { operation: asked } = request;
      if (asked.verb === "create") {
        return {
          kind: "session",
          operation: { verb: "create", id: proposal.uuid(), session: asked.session },
        };
      }
      const id = parseSessionId(asked.id);
      return { kind: "session", operation: { verb: "destroy", id: id.ok ? id.value : asked.id } };
    },
  },
  "Session.Renew": {
    kind: "leader",
    check: requestOf({ token: text, id: text, datacenter: text }),
    datacenter: (request) => request.datacenter,
    run(request, context) {
      const id = parseSessionId(request.id);
      if (!id.ok) return fail(serverError("rejected", id.error));
      const found = sessionById(context.sql, id.value);
      return ok(found !== null && context.sessionTimers.renew(found) ? [found] : []);
    },
  },
} satisfies Partial<Endpoints>;
