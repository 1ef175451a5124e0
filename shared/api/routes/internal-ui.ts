// /v1/internal/ui: what the web interface shows of nodes and services (surface A14).

import type { Filter } from "../../bexpr/evaluate.ts";
import { checkServiceNodeFields, nodeInfoFields } from "../../bexpr/fields.ts";
import { type Result, ok } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import type { GatewayService } from "../../structs/config-entry.ts";
import type { NodeInfo } from "../../structs/node-info.ts";
import type { Reply } from "../../structs/query.ts";
import { filterRows, requestFilter } from "../filter.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseQueryOptions } from "../params.ts";
import { errorReply, failedQueryReply, plainQueryReply } from "../reply.ts";

/** The routes of this area. */
export const internalUiRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/internal/ui/nodes", summary: "Nodes with all on them", handle: nodes },
  { method: "GET", path: "/v1/internal/ui/node/:node", summary: "A node with all on it", handle: node },
  {
    method: "GET",
    path: "/v1/internal/ui/services",
    summary: "Services with their health",
    handle: services,
  },
  {
    method: "GET",
    path: "/v1/internal/ui/gateway-services-nodes/:gateway",
    summary: "Services of a gateway with their health",
    handle: gatewayServices,
  },
];

type Dump = Result<Reply<readonly NodeInfo[]>, ServerError>;

async function dump(request: HttpRequest, context: ApiContext, name: string): Promise<Dump> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return options;
  const call = { node: name, options: options.value };
  return context.backend.call("Internal.NodeDump", call, request.cancellation);
}

async function nodes(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const filter = requestFilter(request, nodeInfoFields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const found = await dump(request, context, "");
  const reply = plainQueryReply(
    request,
    context,
    mapped(found, (rows) => filterRows(rows, filter.value).map(shownNode)),
  );
  return withNotice(reply, found, request, context);
}

/** While nobody is expired although many vanished, health is older than it looks: a header says why (ours). */
async function withNotice(
  reply: HttpReply,
  found: Dump,
  request: HttpRequest,
  context: ApiContext,
): Promise<HttpReply> {
  // Only the leader knows; whoever reads without one is not made to wait for it.
  if (!found.ok || found.value.meta.consistency === "stale") return reply;
  const asked = { token: "", datacenter: "" };
  const health = await context.backend.call("Operator.Health", asked, request.cancellation);
  if (!health.ok || !health.value.MembersFrozen) return reply;
  return { ...reply, headers: { ...reply.headers, "X-Legate-Members-Frozen": health.value.Reason } };
}

async function node(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const name = request.params.node ?? "";
  if (name === "") return errorReply(serverError("badRequest", "Missing node name"));
  const found = await dump(request, context, name);
  if (found.ok && found.value.value.length === 0) return { status: 404, headers: {}, body: null };
  return plainQueryReply(
    request,
    context,
    mapped(found, ([only]) => (only === undefined ? null : shownNode(only))),
  );
}

async function services(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const filter = requestFilter(request, checkServiceNodeFields);
  if (!filter.ok) return failedQueryReply(filter.error);
  const keep = filter.value;
  const found = await dump(request, context, "");
  const reply = plainQueryReply(
    request,
    context,
    mapped(found, (rows) => {
      const kept = keep === null ? rows : rows.map((row) => withServices(row, keep));
      return [...summaries(kept).values()].map((summary) => shown(summary, {}));
    }),
  );
  return withNotice(reply, found, request, context);
}

async function gatewayServices(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const gateway = request.params.gateway ?? "";
  if (gateway === "") return errorReply(serverError("badRequest", "Missing gateway name"));
  const call = { gateway, options: options.value };
  const links = await context.backend.call("Catalog.GatewayServices", call, request.cancellation);
  if (!links.ok) return failedQueryReply(links.error);
  const plain = { node: "", options: { ...options.value, minIndex: 0 } };
  const all = await context.backend.call("Internal.NodeDump", plain, request.cancellation);
  if (!all.ok) return failedQueryReply(all.error);
  const known = summaries(all.value.value);
  const rows = (links.value.value ?? []).map((link) => {
    const addresses = gatewayAddresses(link, context.datacenter);
    const config = addresses.length === 0 ? {} : { Addresses: addresses };
    return shown(known.get(link.Service.Name.toLowerCase()) ?? emptySummary(link.Service.Name), config);
  });
  return plainQueryReply(request, context, ok({ meta: links.value.meta, value: rows }));
}

/** Where an ingress gateway offers a service: its hosts, or the name that DNS gives it. */
function gatewayAddresses(link: GatewayService, datacenter: string): readonly string[] {
  if (link.Port === undefined) return [];
  const hosts = link.Hosts ?? [`${link.Service.Name}.ingress.${datacenter}.consul.`];
  return hosts.map((host) => (host.includes(":") ? host : `${host}:${link.Port}`));
}

/** A node with those of its services whose instances, with their checks, pass a filter. */
function withServices(info: NodeInfo, keep: Filter): NodeInfo {
  const Services = info.Services.filter((service) => {
    const Checks = info.Checks.filter(({ ServiceID }) => ServiceID === "" || ServiceID === service.ID);
    return keep({ Node: info, Service: service, Checks });
  });
  return { ...info, Services };
}

function mapped<T, U>(
  found: Result<Reply<T>, ServerError>,
  present: (value: T) => U,
): Result<Reply<U>, ServerError> {
  return found.ok ? ok({ meta: found.value.meta, value: present(found.value.value) }) : found;
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

/** Only here Consul shows no tags as null. */
function shownNode(info: NodeInfo) {
  return {
    ...info,
    Services: info.Services.map((service) => ({ ...service, Tags: orNull(service.Tags) })),
    Checks: info.Checks.map((check) => ({ ...check, ServiceTags: orNull(check.ServiceTags) })),
  };
}

type Summary = {
  readonly name: string;
  kind: string;
  readonly tags: Set<string>;
  readonly nodes: Set<string>;
  readonly sources: Set<string>;
  /** The services that its proxies stand for. */
  readonly proxyFor: Set<string>;
  instances: number;
  passing: number;
  warning: number;
  critical: number;
};

function emptySummary(name: string): Summary {
  const sets = {
    tags: new Set<string>(),
    nodes: new Set<string>(),
    sources: new Set<string>(),
    proxyFor: new Set<string>(),
  };
  return { name, kind: "", ...sets, instances: 0, passing: 0, warning: 0, critical: 0 };
}

/** By lower-case name, in the order of names. Checks of a node count for each service on it. */
function summaries(infos: readonly NodeInfo[]): ReadonlyMap<string, Summary> {
  const found = new Map<string, Summary>();
  for (const info of infos) {
    for (const service of info.Services) {
      const key = service.Service.toLowerCase();
      const summary = found.get(key) ?? emptySummary(service.Service);
      found.set(key, summary);
      summary.kind = service.Kind ?? summary.kind;
      summary.instances += 1;
      summary.nodes.add(info.Node);
      for (const tag of service.Tags) summary.tags.add(tag);
      const source = service.Meta?.["external-source"] ?? "";
      if (source !== "") summary.sources.add(source);
      if (service.Kind === "connect-proxy")
        summary.proxyFor.add(String(service.Proxy.DestinationServiceName ?? ""));
      for (const check of info.Checks) {
        if (check.ServiceID !== "" && check.ServiceID !== service.ID) continue;
        if (check.Status === "passing") summary.passing += 1;
        else if (check.Status === "warning") summary.warning += 1;
        else if (check.Status === "critical") summary.critical += 1;
      }
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shown(summary: Summary, gatewayConfig: object) {
  return {
    ...(summary.kind === "" ? {} : { Kind: summary.kind }),
    Name: summary.name,
    Tags: orNull([...summary.tags].sort()),
    Nodes: orNull([...summary.nodes].sort()),
    InstanceCount: summary.instances,
    ...(summary.proxyFor.size === 0 ? {} : { ProxyFor: [...summary.proxyFor].sort() }),
    ChecksPassing: summary.passing,
    ChecksWarning: summary.warning,
    ChecksCritical: summary.critical,
    ExternalSources: orNull([...summary.sources].sort()),
    GatewayConfig: gatewayConfig,
  };
}
