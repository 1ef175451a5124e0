// The node of services that are registered at the Worker, as the catalog shows it, and writing to it.

import { fail, ok, type Result } from "../../../base/result.ts";
import { type ServerError, serverError } from "../../../errors.ts";
import type { HealthCheck } from "../../../structs/check.ts";
import { checkType, newCheck } from "../../../structs/definition-rows.ts";
import type { QueryOptions } from "../../../structs/query.ts";
import type { RegisterRequest, ServiceRegistration } from "../../../structs/registration.ts";
import type { NodeService } from "../../../structs/service.ts";
import type { CheckDefinition } from "../../../structs/service-definition.ts";
import type { ApiContext } from "../../http.ts";

/** A node that is no machine: its services name their own addresses. */
export const edgeNode = { name: "edge", address: "0.0.0.0" } as const;

export const edgeOptions: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 0,
  waitMillis: 0,
};

/** By service id. */
export async function edgeServices(
  context: ApiContext,
): Promise<Result<Readonly<Record<string, NodeService>>, ServerError>> {
  const found = await context.backend.call("Catalog.NodeServices", {
    options: edgeOptions,
    node: edgeNode.name,
  });
  return found.ok ? ok(found.value.value?.Services ?? {}) : found;
}

export async function edgeChecks(context: ApiContext): Promise<Result<readonly HealthCheck[], ServerError>> {
  const found = await context.backend.call("Health.NodeChecks", {
    options: edgeOptions,
    node: edgeNode.name,
  });
  return found.ok ? ok(found.value.value) : found;
}

/** What of a definition cannot be done here; null when all can. Decided before anything is written. */
export function unfitCheck(definition: CheckDefinition): ServerError | null {
  if (definition.ttlMillis > 0) return null;
  const type = checkType(definition) || "other";
  return serverError(
    "badRequest",
    `Invalid check: the edge cannot run a check of type ${type}, no agent is there to run it: report a TTL check, or register at an agent`,
  );
}

/** The row of a check whose id is set; one that was there keeps its status, as at an agent. */
export function checkRow(
  definition: CheckDefinition,
  service: ServiceRegistration | null,
  known: readonly HealthCheck[],
): HealthCheck {
  const row = newCheck(edgeNode.name, definition, "ttl", service);
  const before = known.find((check) => check.CheckID === definition.id);
  return before === undefined ? row : { ...row, Status: before.Status, Output: before.Output };
}

/** Writes how long reports last, then the rows: a check is never there without its time. */
export async function register(
  context: ApiContext,
  token: string,
  service: ServiceRegistration | null,
  /** `definition`: how long reports last; null for a check that nobody reports. */
  checks: readonly { readonly definition: CheckDefinition | null; readonly row: HealthCheck }[],
): Promise<Result<true, ServerError>> {
  for (const { definition } of checks) {
    if (definition === null) continue;
    const { ttlMillis, deregisterCriticalAfterMillis } = definition;
    const times = { node: edgeNode.name, checkId: definition.id, ttlMillis, deregisterCriticalAfterMillis };
    const set = await context.backend.call("Health.SetCheckTtl", { token, ...times });
    if (!set.ok) return set;
  }
  const registration: RegisterRequest = {
    Datacenter: "",
    ID: "",
    Node: edgeNode.name,
    Address: edgeNode.address,
    TaggedAddresses: null,
    NodeMeta: { "external-node": "true" },
    Service: service,
    Checks: checks.map(({ row }) => row),
    SkipNodeUpdate: false,
  };
  return context.backend.call("Catalog.Register", { token, registration });
}

/** Takes a service (with its checks) or a check out of the catalog; what is not there is gone already. */
export function deregister(
  context: ApiContext,
  token: string,
  what: { readonly ServiceID: string } | { readonly CheckID: string },
): Promise<Result<true, ServerError>> {
  const deregistration = { Datacenter: "", Node: edgeNode.name, ServiceID: "", CheckID: "", ...what };
  return context.backend.call("Catalog.Deregister", { token, deregistration });
}

/** The service that a check names; null when it names none. */
export async function serviceOf(
  context: ApiContext,
  id: string,
): Promise<Result<ServiceRegistration | null, ServerError>> {
  if (id === "") return ok(null);
  const services = await edgeServices(context);
  if (!services.ok) return services;
  const service = services.value[id];
  return service === undefined
    ? fail(serverError("rejected", `ServiceID "${id}" does not exist`))
    : ok(service);
}
