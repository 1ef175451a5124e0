// Compiles the entries about a service into its discovery chain: router, splitters, resolvers and the targets they end
// at (Consul: "Discovery Chain Internals"). The same compilation, its result thrown away, finds out whether a new
// entry would break a chain.

import { fail, ok, type Result } from "../base/result.ts";
import type { ConfigEntryOf, ServiceResolver, ServiceRoute } from "../structs/config-entry.ts";
import type { ChainNode, ChainOverrides, ChainTarget, DiscoveryChain } from "../structs/discovery-chain.ts";
import { flattenSplitters, reachableNodes, circle } from "./graph.ts";
import { defaultNamespace, filled, movedTo, shownTarget, type TargetPlace, targetId } from "./target.ts";

/** The entries that a compilation may look at; null where there is none. */
export type ChainEntries = {
  router(service: string): ConfigEntryOf<"service-router"> | null;
  splitter(service: string): ConfigEntryOf<"service-splitter"> | null;
  resolver(service: string): ConfigEntryOf<"service-resolver"> | null;
  defaults(service: string): ConfigEntryOf<"service-defaults"> | null;
  proxyDefaults(): ConfigEntryOf<"proxy-defaults"> | null;
};

export type ChainRequest = {
  readonly service: string;
  /** Where the chain is compiled for, which need not be ours. */
  readonly datacenter: string;
  readonly trustDomain: string;
  readonly overrides: ChainOverrides;
};

/** Ends a compilation; the message is Consul's text. */
class ChainProblem extends Error {}

/** The chain of a service, or why there can be none. */
export function compileChain(entries: ChainEntries, request: ChainRequest): Result<DiscoveryChain, string> {
  try {
    return ok(new Compiler(entries, request).compile());
  } catch (problem) {
    if (problem instanceof ChainProblem) return fail(problem.message);
    throw problem;
  }
}

/** The protocol that the entries give a service. */
export function protocolOf(entries: ChainEntries, service: string): string {
  const own = entries.defaults(service)?.Protocol ?? "";
  if (own !== "") return own;
  const shared = entries.proxyDefaults()?.Config?.protocol;
  return typeof shared === "string" && shared !== "" ? shared : "tcp";
}

/** Protocols whose requests can be told apart. */
export function isLayerSeven(protocol: string): boolean {
  return ["http", "http2", "grpc"].includes(protocol);
}

const standardTimeout = "5s";

class Compiler {
  readonly #entries: ChainEntries;
  readonly #request: ChainRequest;
  readonly #nodes = new Map<string, ChainNode>();
  readonly #targets = new Map<string, ChainTarget>();
  readonly #advanced: boolean;
  #protocol = "";
  #usesAdvanced = false;
  #isCustomized = false;

  constructor(entries: ChainEntries, request: ChainRequest) {
    this.#entries = entries;
    this.#request = request;
    const { protocol } = request.overrides;
    this.#advanced = protocol === "" || isLayerSeven(protocol);
  }

  compile(): DiscoveryChain {
    const { service, datacenter, overrides } = this.#request;
    const own: TargetPlace = { service, subset: "", namespace: defaultNamespace, datacenter };
    const start = this.#router(own) ?? this.#splitterOrResolver(own);
    const found = circle(this.#nodes, start);
    if (found !== null) throw new ChainProblem(`detected circular reference: [${found.join(" -> ")}]`);
    if (overrides.protocol !== "" && overrides.protocol !== this.#protocol) {
      this.#isCustomized = true;
      this.#protocol = overrides.protocol;
    }
    if (this.#usesAdvanced && !isLayerSeven(this.#protocol)) {
      throw new ChainProblem(
        `discovery chain ${JSON.stringify(service)} uses a protocol ${JSON.stringify(this.#protocol)} that does not permit advanced routing or splitting behavior`,
      );
    }
    flattenSplitters(this.#nodes);
    const nodes = reachableNodes(this.#nodes, start);
    return {
      ServiceName: service,
      Namespace: defaultNamespace,
      Datacenter: datacenter,
      ...(this.#isCustomized ? { CustomizationHash: customizationHash(overrides) } : {}),
      Protocol: this.#protocol,
      StartNode: start,
      Nodes: sorted(nodes),
      Targets: sorted(this.#targetsOf(nodes)),
    };
  }

  #recordProtocol(service: string): void {
    const protocol = protocolOf(this.#entries, service);
    if (this.#protocol === "") this.#protocol = protocol;
    if (this.#protocol === protocol || this.#request.overrides.protocol !== "") return;
    const [chain, name, own, others] = [this.#request.service, service, protocol, this.#protocol].map(
      (text) => JSON.stringify(text),
    );
    throw new ChainProblem(
      `discovery chain ${chain} uses inconsistent protocols; service ${name} has ${own} which is not ${others}`,
    );
  }

  #router(own: TargetPlace): string | null {
    const router = this.#entries.router(own.service);
    if (router === null || !this.#advanced) return null;
    this.#usesAdvanced = true;
    this.#recordProtocol(own.service);
    const name = `${own.service}.${own.namespace}`;
    const fallback: ServiceRoute = {
      Match: { HTTP: { PathPrefix: "/" } },
      Destination: { Service: own.service, Namespace: own.namespace },
    };
    const routes = [...(router.Routes ?? []), fallback].map((route) => {
      const { Service, ServiceSubset, Namespace } = route.Destination ?? {};
      const place = movedTo(own, {
        ...(Service === undefined ? {} : { Service }),
        ...(ServiceSubset === undefined ? {} : { ServiceSubset }),
        ...(Namespace === undefined ? {} : { Namespace }),
      });
      const next = place.subset === "" ? this.#splitterOrResolver(place) : this.#resolver(place, false);
      return { Definition: route, NextNode: next };
    });
    const key = `router:${name}`;
    this.#nodes.set(key, { Type: "router", Name: name, Routes: routes });
    return key;
  }

  #splitterOrResolver(place: TargetPlace): string {
    return this.#splitter(place) ?? this.#resolver(place, false);
  }

  #splitter(place: TargetPlace): string | null {
    const splitter = this.#entries.splitter(place.service);
    if (splitter === null || !this.#advanced) return null;
    this.#usesAdvanced = true;
    const name = `${place.service}.${place.namespace}`;
    const key = `splitter:${name}`;
    if (this.#nodes.has(key)) return key;
    // Entered before its splits are followed: one that leads back here finds it, and is a circle.
    this.#nodes.set(key, { Type: "splitter", Name: name, Splits: [] });
    const splits = (splitter.Splits ?? []).map((split) => {
      const to = movedTo(place, split);
      const mayGoOn = to.service !== place.service && to.subset === "";
      const next = (mayGoOn ? this.#splitter(to) : null) ?? this.#resolver(to, false);
      return { Weight: split.Weight, NextNode: next };
    });
    this.#nodes.set(key, { Type: "splitter", Name: name, Splits: splits });
    return key;
  }

  /** Follows redirects and default subsets to where a target really is, and gives it a node. */
  #resolver(asked: TargetPlace, forFailover: boolean): string {
    let place = asked;
    const redirects: string[] = [];
    for (;;) {
      const key = `resolver:${targetId(place)}`;
      if (this.#nodes.has(key)) return key;
      const resolver = this.#entries.resolver(place.service);
      this.#recordProtocol(place.service);
      const redirected = resolver?.Redirect === undefined ? place : movedTo(place, resolver.Redirect);
      if (targetId(redirected) !== targetId(place)) {
        redirects.push(targetId(place));
        if (redirects.includes(targetId(redirected))) {
          const path = [...redirects, targetId(redirected)].join(" -> ");
          throw new ChainProblem(`detected circular resolver redirect: [${path}]`);
        }
        place = redirected;
        continue;
      }
      const subset = filled(resolver?.DefaultSubset);
      if (place.subset === "" && subset !== null) {
        place = { ...place, subset };
        continue;
      }
      return this.#addResolver(place, resolver, forFailover);
    }
  }

  #addResolver(place: TargetPlace, resolver: ServiceResolver | null, forFailover: boolean): string {
    const subsets = resolver?.Subsets ?? {};
    if (place.subset !== "" && !Object.hasOwn(subsets, place.subset)) {
      const [service, subset] = [place.service, place.subset].map((text) => JSON.stringify(text));
      throw new ChainProblem(`service ${service} does not have a subset named ${subset}`);
    }
    const id = targetId(place);
    const key = `resolver:${id}`;
    this.#targets.set(id, this.#target(place, resolver));
    const entered = this.#resolverNode(id, resolver, []);
    this.#nodes.set(key, entered);
    if (forFailover) return key;
    const failover = this.#failoverTargets(place, resolver);
    if (failover.length > 0) this.#nodes.set(key, this.#resolverNode(id, resolver, failover));
    return key;
  }

  #resolverNode(id: string, resolver: ServiceResolver | null, failover: readonly string[]): ChainNode {
    const own = resolver?.ConnectTimeout ?? standardTimeout;
    const override = this.#request.overrides.connectTimeout;
    if (override !== "" && override !== own) this.#isCustomized = true;
    return {
      Type: "resolver",
      Name: id,
      Resolver: {
        ConnectTimeout: override === "" ? own : override,
        ...(isStandard(resolver) ? { Default: true } : {}),
        Target: id,
        ...(failover.length === 0 ? {} : { Failover: { Targets: failover } }),
      },
    };
  }

  #target(place: TargetPlace, resolver: ServiceResolver | null): ChainTarget {
    const defaults = this.#entries.defaults(place.service);
    const externalSni = defaults?.ExternalSNI ?? "";
    if (externalSni !== "") this.#refuseExternal(place.service, resolver);
    return shownTarget(place, {
      subset: resolver?.Subsets?.[place.subset] ?? {},
      mode: this.#gatewayMode(place, defaults?.MeshGateway.Mode),
      externalSni,
      trustDomain: this.#request.trustDomain,
    });
  }

  #refuseExternal(service: string, resolver: ServiceResolver | null): void {
    const problem = `service ${JSON.stringify(service)} has an external SNI set; cannot define`;
    if (Object.keys(resolver?.Subsets ?? {}).length > 0) {
      throw new ChainProblem(`${problem} subsets for external services`);
    }
    if (Object.keys(resolver?.Failover ?? {}).length > 0) {
      throw new ChainProblem(`${problem} failover for external services`);
    }
  }

  /** Gateways are between datacenters. */
  #gatewayMode(place: TargetPlace, own: string | undefined): string {
    if (place.datacenter === this.#request.datacenter) return "";
    const said = filled(own) ?? this.#entries.proxyDefaults()?.MeshGateway.Mode ?? "";
    const override = this.#request.overrides.meshGatewayMode;
    if (override === "" || override === said) return said;
    this.#isCustomized = true;
    return override;
  }

  #failoverTargets(place: TargetPlace, resolver: ServiceResolver | null): readonly string[] {
    const rules = resolver?.Failover ?? {};
    const rule = Object.hasOwn(rules, place.subset) ? rules[place.subset] : rules["*"];
    if (rule === undefined) return [];
    const datacenters = rule.Datacenters ?? [];
    const { Datacenters: _, ...to } = rule;
    const places =
      datacenters.length === 0
        ? [movedTo(place, to)]
        : datacenters.map((Datacenter) => movedTo(place, { ...to, Datacenter }));
    const others = places.filter((other) => targetId(other) !== targetId(place));
    return others.map((other) => this.#resolver(other, true).slice("resolver:".length));
  }

  #targetsOf(nodes: ReadonlyMap<string, ChainNode>): ReadonlyMap<string, ChainTarget> {
    const ids = [...nodes.values()].flatMap((node) =>
      node.Type === "resolver" ? [node.Resolver.Target, ...(node.Resolver.Failover?.Targets ?? [])] : [],
    );
    return new Map([...this.#targets].filter(([id]) => ids.includes(id)));
  }
}

function isStandard(resolver: ServiceResolver | null): boolean {
  if (resolver === null) return true;
  const { ConnectTimeout, DefaultSubset, Subsets, Redirect, Failover } = resolver;
  return [ConnectTimeout, DefaultSubset, Subsets, Redirect, Failover].every((part) => part === undefined);
}

function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Tells chains of one service apart that were asked for with other wishes (FNV-1a). */
function customizationHash(overrides: ChainOverrides): string {
  let hash = 0x811c9dc5;
  for (const unit of JSON.stringify(overrides)) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
