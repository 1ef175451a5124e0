// PreparedQuery: definitions, and executing them. Ids are made by the leader, the order of an execution by whoever answers.

import { fail, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  flag,
  object,
  oneOf,
  orNull,
  queryOptions,
  requestOf,
  text,
  textMap,
  texts,
} from "./request-shape.ts";

type ApplyRequest = RpcRequest<"PreparedQuery.Apply">;

const number = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value);

const applyShape = requestOf<ApplyRequest>({
  datacenter: text,
  token: text,
  operation: oneOf("create", "update", "delete"),
  query: object({
    ID: text,
    Name: text,
    Session: text,
    Token: text,
    Template: object({ Type: text, Regexp: text, RemoveEmptyTags: flag }),
    Service: object({
      Service: text,
      Failover: object({ NearestN: number, Datacenters: orNull(texts) }),
      OnlyPassing: flag,
      IgnoreCheckIDs: orNull(texts),
      Near: text,
      Tags: orNull(texts),
      NodeMeta: orNull(textMap),
      ServiceMeta: orNull(textMap),
      Connect: flag,
    }),
    DNS: object({ TTL: text }),
  }),
});

function checkApply(request: unknown): Result<ApplyRequest, ServerError> {
  const shaped = applyShape(request);
  if (!shaped.ok) return shaped;
  const size = JSON.stringify(shaped.value.query).length;
  if (size <= limits.preparedQueryCharactersMax) return shaped;
  const most = String(limits.preparedQueryCharactersMax);
  return fail(serverError("badRequest", `a prepared query has at most ${most} characters`));
}

export const preparedQueryEndpoints = {
  "PreparedQuery.Apply": {
    kind: "write",
    check: checkApply,
    datacenter: ({ datacenter }) => datacenter,
    command: ({ operation, query }, _datacenter, proposal) => ({
      kind: "preparedQuery",
      operation,
      query: operation === "create" ? { ...query, ID: proposal.uuid() } : query,
    }),
  },
  "PreparedQuery.List": { kind: "read", check: requestOf({ options: queryOptions }) },
  "PreparedQuery.Get": { kind: "read", check: requestOf({ options: queryOptions, id: text }) },
  "PreparedQuery.Explain": { kind: "read", check: requestOf({ options: queryOptions, idOrName: text }) },
  "PreparedQuery.Execute": {
    kind: "read",
    check: requestOf({
      options: queryOptions,
      idOrName: text,
      limit: number,
      connect: flag,
      agentNode: text,
      sourceAddress: text,
    }),
    // Executions never block, and the answer names the datacenter that it is from.
    complete: (request, { datacenter, seed }) => ({
      ...request,
      seed: seed(),
      options: { ...request.options, datacenter, minIndex: 0, waitMillis: 0 },
    }),
  },
} satisfies Partial<Endpoints>;
