// Anti-entropy as a plan: what is registered here against what the catalog shows for this node, to registrations
// and deregistrations. Pure; executed by anti-entropy.ts. Rules: surface G4.

import type { HealthCheck } from "../../shared/structs/check.ts";
import { serfHealthCheckId } from "../../shared/structs/check.ts";
import type {
  CheckRegistration,
  DeregisterRequest,
  RegisterRequest,
} from "../../shared/structs/registration.ts";
import type { NodeService, NodeServices } from "../../shared/structs/service.ts";
import { same } from "./same.ts";
import type { LocalCheck, LocalService, LocalState } from "./state.ts";

/** This agent's row of the catalog. */
export type LocalNode = {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
};

export type SyncStep =
  | {
      readonly kind: "register";
      readonly registration: RegisterRequest;
      readonly token: string;
      readonly service: LocalService | null;
      readonly checks: readonly LocalCheck[];
    }
  | { readonly kind: "deregister"; readonly deregistration: DeregisterRequest; readonly token: string };

export type SyncPlan = {
  /** First of all, when the node's own row is missing or differs; then nothing else touches that row. */
  readonly node: SyncStep | null;
  readonly steps: readonly SyncStep[];
};

export type Catalog = { readonly node: NodeServices | null; readonly checks: readonly HealthCheck[] };

/** The service of a server, which the servers keep themselves. */
const serversOwnService = "consul";

/** What the catalog says about the node that must not wait for a diff: which entries it holds already. */
export type Agreement = {
  readonly nodeInSync: boolean;
  readonly services: ReadonlySet<string>;
  readonly checks: ReadonlySet<string>;
  /** EnableTagOverride: the catalog's tags win and are copied back. */
  readonly tagsFromCatalog: ReadonlyMap<string, readonly string[]>;
  readonly strayServices: readonly string[];
  readonly strayChecks: readonly string[];
};

/** Compares without deciding anything. `ignoreOutput`: outputs are held back for a while by design. */
export function compare(
  state: LocalState,
  node: LocalNode,
  catalog: Catalog,
  ignoreOutput: boolean,
): Agreement {
  const remote = catalog.node?.Services ?? {};
  const services = new Set<string>();
  const tagsFromCatalog = new Map<string, readonly string[]>();
  for (const [id, { service }] of state.services) {
    const there = remote[id];
    if (there === undefined) continue;
    if (service.EnableTagOverride && !same(service.Tags, there.Tags))
      tagsFromCatalog.set(id, there.Tags ?? []);
    const expected = service.EnableTagOverride ? { ...service, Tags: there.Tags } : service;
    if (same(expected, withoutIndexes(there))) services.add(id);
  }
  const checks = new Set<string>();
  for (const there of catalog.checks) {
    const here = state.checks.get(there.CheckID)?.check;
    if (here === undefined) continue;
    const ignored = {
      ServiceName: "",
      ServiceTags: [],
      CreateIndex: 0,
      ModifyIndex: 0,
      ...(ignoreOutput ? { Output: "" } : {}),
    };
    if (same({ ...here, ...ignored }, { ...there, ...ignored })) checks.add(there.CheckID);
  }
  const strayServices = Object.keys(remote).filter(
    (id) => !state.services.has(id) && id !== serversOwnService,
  );
  const strayChecks = catalog.checks
    .filter((check) => !state.checks.has(check.CheckID) && check.CheckID !== serfHealthCheckId)
    .filter((check) => check.ServiceID !== serversOwnService && !strayServices.includes(check.ServiceID))
    .map((check) => check.CheckID);
  return {
    nodeInSync: nodeInSync(node, catalog),
    services,
    checks,
    tagsFromCatalog,
    strayServices,
    strayChecks,
  };
}

function nodeInSync(node: LocalNode, catalog: Catalog): boolean {
  const row = catalog.node?.Node;
  return (
    row !== undefined &&
    row.ID === node.id &&
    row.Address === node.address &&
    same(row.TaggedAddresses, node.taggedAddresses) &&
    same(row.Meta, node.meta)
  );
}

function withoutIndexes(service: NodeService): Record<string, unknown> {
  const { CreateIndex: _created, ModifyIndex: _modified, ...rest } = service;
  return rest;
}

/** The steps that make the catalog agree with what is not marked as in sync; nothing for what is. */
export function plan(
  state: LocalState,
  node: LocalNode,
  nodeIsInSync: boolean,
  defaultToken: string,
): SyncPlan {
  const request = registerRequest(node);
  const token = (own: string): string => (own === "" ? defaultToken : own);
  const steps: SyncStep[] = [];
  const target = { Datacenter: node.datacenter, Node: node.node };
  for (const [id, own] of state.removedServices) {
    steps.push({
      kind: "deregister",
      deregistration: { ...target, ServiceID: id, CheckID: "" },
      token: token(own),
    });
  }
  for (const [id, own] of state.removedChecks) {
    steps.push({
      kind: "deregister",
      deregistration: { ...target, ServiceID: "", CheckID: id },
      token: token(own),
    });
  }
  const pending = new Set([...state.checks.keys()].filter((id) => !state.checkInSync(id)));
  for (const [id, entry] of state.services) {
    if (state.serviceInSync(id)) continue;
    // Consul sends a service and its checks in one registration, when one token may write both.
    const checks = state.checksOf(id).filter((c) => pending.has(c.check.CheckID) && c.token === entry.token);
    for (const check of checks) pending.delete(check.check.CheckID);
    const registration = {
      ...request,
      Service: entry.service,
      Checks: checks.map(checkRegistration),
      SkipNodeUpdate: true,
    };
    steps.push({ kind: "register", registration, token: token(entry.token), service: entry, checks });
  }
  for (const id of pending) {
    const entry = state.checks.get(id);
    if (entry === undefined) continue;
    const registration = { ...request, Checks: [checkRegistration(entry)], SkipNodeUpdate: true };
    steps.push({ kind: "register", registration, token: token(entry.token), service: null, checks: [entry] });
  }
  const nodeStep: SyncStep = {
    kind: "register",
    registration: request,
    token: defaultToken,
    service: null,
    checks: [],
  };
  return { node: nodeIsInSync ? null : nodeStep, steps };
}

function registerRequest(node: LocalNode): RegisterRequest {
  return {
    Datacenter: node.datacenter,
    ID: node.id,
    Node: node.node,
    Address: node.address,
    TaggedAddresses: { ...node.taggedAddresses },
    NodeMeta: { ...node.meta },
    Service: null,
    Checks: [],
    SkipNodeUpdate: false,
  };
}

function checkRegistration(entry: LocalCheck): CheckRegistration {
  const {
    ServiceName: _name,
    ServiceTags: _tags,
    CreateIndex: _created,
    ModifyIndex: _modified,
    ...check
  } = entry.check;
  return check;
}
