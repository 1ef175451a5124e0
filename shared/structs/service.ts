// A service instance as the catalog keeps it (NodeService) and as /v1/catalog/service/:name shows it (ServiceNode).

import type { Node } from "./node.ts";

export type ServiceAddress = { Address: string; Port: number };
export type Weights = { Passing: number; Warning: number };

export type NodeService = {
  /** Left out when it is a typical service (""). */
  Kind?: string;
  ID: string;
  Service: string;
  Tags: string[];
  Address: string;
  /** Left out when there are none. */
  TaggedAddresses?: Record<string, ServiceAddress>;
  Meta: Record<string, string> | null;
  Port: number;
  Weights: Weights;
  EnableTagOverride: boolean;
  Proxy: Record<string, unknown>; // { MeshGateway: {}, Expose: {} } for a service that is no proxy
  Connect: Record<string, unknown>;
  CreateIndex: number;
  ModifyIndex: number;
};

export type ServiceNode = {
  ID: string;
  Node: string;
  Address: string;
  Datacenter: string;
  TaggedAddresses: Record<string, string> | null;
  NodeMeta: Record<string, string> | null;
  ServiceKind: string;
  ServiceID: string;
  ServiceName: string;
  ServiceTags: string[];
  ServiceAddress: string;
  ServiceTaggedAddresses?: Record<string, ServiceAddress>;
  ServiceWeights: Weights;
  ServiceMeta: Record<string, string>;
  ServicePort: number;
  ServiceEnableTagOverride: boolean;
  ServiceProxy: Record<string, unknown>;
  ServiceConnect: Record<string, unknown>;
  CreateIndex: number;
  ModifyIndex: number;
};

/** /v1/catalog/node/:node; null for an unknown node. */
export type NodeServices = { Node: Node; Services: Record<string, NodeService> };
