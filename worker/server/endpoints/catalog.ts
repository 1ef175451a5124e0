// Catalog: registrations and the lists of nodes, services and instances.

import { fail, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { Endpoints } from "./endpoint.ts";
import {
  flag,
  listOf,
  object,
  optional,
  orNull,
  queryOptions,
  requestOf,
  text,
  textMap,
  texts,
} from "./request-shape.ts";

type RegisterRequest = RpcRequest<"Catalog.Register">;
type DeregisterRequest = RpcRequest<"Catalog.Deregister">;

const service = object({
  ID: text,
  Service: text,
  Tags: orNull(texts),
  Port: (value) => typeof value === "number",
});
const check = object({ Node: text, CheckID: text, Name: text, Status: text, ServiceID: text });

const registerShape = requestOf<RegisterRequest>({
  token: text,
  registration: object({
    Datacenter: text,
    ID: text,
    Node: text,
    Address: text,
    TaggedAddresses: orNull(textMap),
    NodeMeta: orNull(textMap),
    Service: orNull(service),
    Checks: listOf(check),
    SkipNodeUpdate: flag,
  }),
});

const deregisterShape = requestOf<DeregisterRequest>({
  token: text,
  deregistration: object({ Datacenter: text, Node: text, ServiceID: text, CheckID: text }),
});

function checkRegister(request: unknown): Result<RegisterRequest, ServerError> {
  const shaped = registerShape(request);
  if (!shaped.ok) return shaped;
  const { Node, Address, SkipNodeUpdate, Service } = shaped.value.registration;
  if (Node === "") return fail(serverError("rejected", "Must provide node"));
  if (Address === "" && !SkipNodeUpdate) {
    return fail(serverError("rejected", "Must provide address if SkipNodeUpdate is not set"));
  }
  if (Service !== null && Service.Service === "" && Service.ID !== "") {
    return fail(serverError("rejected", "Must provide service name with ID"));
  }
  return shaped;
}

function checkDeregister(request: unknown): Result<DeregisterRequest, ServerError> {
  const shaped = deregisterShape(request);
  if (shaped.ok && shaped.value.deregistration.Node === "") {
    return fail(serverError("rejected", "Must provide node"));
  }
  return shaped;
}

export const catalogEndpoints = {
  "Catalog.Register": {
    kind: "write",
    check: checkRegister,
    datacenter: ({ registration }) => registration.Datacenter,
    command: ({ registration }, datacenter) => ({
      kind: "register",
      registration: { ...registration, Datacenter: datacenter },
    }),
  },
  "Catalog.Deregister": {
    kind: "write",
    check: checkDeregister,
    datacenter: ({ deregistration }) => deregistration.Datacenter,
    command: ({ deregistration }) => ({ kind: "deregister", deregistration }),
  },
  "Catalog.ListDatacenters": { kind: "local", run: ({ config }) => [config.datacenter] },
  "Catalog.ListNodes": { kind: "read", check: requestOf({ options: queryOptions, nodeMeta: textMap }) },
  "Catalog.ListServices": { kind: "read", check: requestOf({ options: queryOptions, nodeMeta: textMap }) },
  "Catalog.ServiceNodes": {
    kind: "read",
    check: requestOf({
      options: queryOptions,
      service: text,
      tags: texts,
      nodeMeta: textMap,
      mesh: optional(flag),
    }),
  },
  "Catalog.AddressOwner": { kind: "read", check: requestOf({ options: queryOptions, addresses: texts }) },
  "Catalog.NodeServices": { kind: "read", check: requestOf({ options: queryOptions, node: text }) },
} satisfies Partial<Endpoints>;
