// A compiled discovery chain, as /v1/discovery-chain/:service shows it.

import type { ResolverSubset, ServiceRoute } from "./config-entry.ts";

export type ChainTarget = {
  readonly ID: string;
  readonly Service: string;
  readonly ServiceSubset?: string;
  readonly Namespace: string;
  readonly Datacenter: string;
  readonly MeshGateway: { readonly Mode?: string };
  readonly Subset: ResolverSubset;
  readonly External?: true;
  readonly SNI: string;
  readonly Name: string;
};

export type ResolverNode = {
  readonly Type: "resolver";
  readonly Name: string;
  readonly Resolver: {
    readonly ConnectTimeout: string;
    readonly Default?: true;
    readonly Target: string;
    readonly Failover?: { readonly Targets: readonly string[] };
  };
};
export type SplitterNode = {
  readonly Type: "splitter";
  readonly Name: string;
  readonly Splits: readonly { readonly Weight: number; readonly NextNode: string }[];
};
export type RouterNode = {
  readonly Type: "router";
  readonly Name: string;
  readonly Routes: readonly { readonly Definition: ServiceRoute; readonly NextNode: string }[];
};
export type ChainNode = ResolverNode | SplitterNode | RouterNode;

export type DiscoveryChain = {
  readonly ServiceName: string;
  readonly Namespace: string;
  readonly Datacenter: string;
  readonly CustomizationHash?: string;
  readonly Protocol: string;
  readonly StartNode: string;
  readonly Nodes: Readonly<Record<string, ChainNode>>;
  readonly Targets: Readonly<Record<string, ChainTarget>>;
};

/** What whoever asks for a chain wants otherwise than the entries say; "" is as they say. */
export type ChainOverrides = {
  readonly protocol: string;
  readonly meshGatewayMode: string;
  /** A Go duration. */
  readonly connectTimeout: string;
};
