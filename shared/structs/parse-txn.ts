// The body of /v1/txn: decoded with Go's texts, u64 values unrounded. Each element holds one operation; Consul looks
// for KV, Node, Service and Check in this order and leaves an element without any of them out.

import type { U64 } from "../base/brand.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readDefinition } from "./parse-registration.ts";
import { readWeights } from "./parse-service-definition.ts";
import type { CheckRegistration, ServiceRegistration } from "./registration.ts";
import type { Weights } from "./service.ts";
import { StructReader } from "./struct-reader.ts";
import type { TxnOperation } from "./txn.ts";

/** The operations of a body; the error is Go's text without a prefix. */
export function parseTxn(body: unknown): Result<readonly TxnOperation[], string> {
  if (body === null || body === undefined) return ok([]);
  if (!Array.isArray(body)) {
    const kind = typeof body === "boolean" ? "bool" : typeof body === "bigint" ? "number" : typeof body;
    return fail(`json: cannot unmarshal ${kind} into Go value of type api.TxnOps`);
  }
  const operations: TxnOperation[] = [];
  for (const element of body) {
    const operation = parseOperation(element);
    if (!operation.ok) return operation;
    if (operation.value !== null) operations.push(operation.value);
  }
  return ok(operations);
}

/** How many elements a body has: what Consul's limit counts. */
export function txnSize(body: unknown): number {
  return Array.isArray(body) ? body.length : 0;
}

function parseOperation(element: unknown): Result<TxnOperation | null, string> {
  const reader = new StructReader(element, { source: "api", type: "api.TxnOp", struct: "TxnOp", path: "" });
  const kv = reader.object("KV", "KVTxnOp", "api.KVTxnOp", readKv);
  const node = reader.object("Node", "NodeTxnOp", "api.NodeTxnOp", readNode);
  const service = reader.object("Service", "ServiceTxnOp", "api.ServiceTxnOp", readService);
  const check = reader.object("Check", "CheckTxnOp", "api.CheckTxnOp", readCheck);
  return reader.finish<TxnOperation | null>(kv ?? node ?? service ?? check);
}

function readKv(reader: StructReader): TxnOperation {
  const operation = {
    type: "KV",
    verb: reader.string("Verb", "api.KVOp"),
    key: reader.string("Key"),
    value: reader.base64("Value"),
    flags: reader.uint64("Flags"),
    index: indexOf(reader.uint64("Index")),
    session: reader.string("Session"),
  } as const;
  reader.string("Namespace");
  return operation;
}

function readNode(reader: StructReader): TxnOperation {
  const verb = reader.string("Verb", "api.NodeOp");
  const read = (inner: StructReader) => {
    const node = {
      ID: inner.string("ID"),
      Node: inner.string("Node"),
      Address: inner.string("Address"),
      Datacenter: inner.string("Datacenter"),
      TaggedAddresses: inner.stringMap("TaggedAddresses"),
      Meta: inner.stringMap("Meta"),
    };
    return { node, index: readIndexes(inner) };
  };
  const given = reader.object("Node", "Node", "api.Node", read) ?? read(empty());
  return { type: "Node", verb, ...given };
}

function readService(reader: StructReader): TxnOperation {
  const verb = reader.string("Verb", "api.ServiceOp");
  const node = reader.string("Node");
  const given = reader.object("Service", "AgentService", "api.AgentService", readAgentService);
  return { type: "Service", verb, node, ...(given ?? readAgentService(empty())) };
}

/** Kind, tagged addresses, proxy and connect are accepted and, as in Consul 1.8.7, not kept. */
function readAgentService(reader: StructReader): {
  readonly service: ServiceRegistration;
  readonly index: number;
} {
  const service: ServiceRegistration = {
    ID: reader.string("ID"),
    Service: reader.string("Service"),
    Tags: [...(reader.strings("Tags") ?? [])],
    Meta: reader.stringMap("Meta"),
    Port: reader.integer("Port"),
    Address: reader.string("Address"),
    Weights: completeWeights(reader.object("Weights", "AgentWeights", "api.AgentWeights", readWeights)),
    EnableTagOverride: reader.boolean("EnableTagOverride"),
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
  };
  const index = readIndexes(reader);
  reader.string("Kind", "api.ServiceKind");
  reader.objectMap("TaggedAddresses", "ServiceAddress", "api.ServiceAddress", (inner) => {
    inner.string("Address");
    inner.integer("Port");
  });
  for (const name of ["ContentHash", "Namespace", "Datacenter"]) reader.string(name);
  const proxy = "AgentServiceConnectProxyConfig";
  reader.object("Proxy", proxy, `api.${proxy}`, (inner) => only(inner, proxyFields));
  reader.object("Connect", "AgentServiceConnect", "api.AgentServiceConnect", (connect) => {
    connect.boolean("Native");
    connect.any("SidecarService");
  });
  return { service, index };
}

const proxyFields = [
  "DestinationServiceName",
  "DestinationServiceID",
  "LocalServiceAddress",
  "LocalServicePort",
  "Config",
  "Upstreams",
  "MeshGateway",
  "Expose",
];

/** Knows the names and looks at nothing in them. */
function only(reader: StructReader, names: readonly string[]): void {
  for (const name of names) reader.any(name);
}

function completeWeights(weights: Weights | null): Weights {
  return weights === null || weights.Passing < 1 ? { Passing: 1, Warning: 1 } : weights;
}

function readCheck(reader: StructReader): TxnOperation {
  const verb = reader.string("Verb", "api.CheckOp");
  const given = reader.object("Check", "HealthCheck", "api.HealthCheck", readHealthCheck);
  return { type: "Check", verb, ...(given ?? readHealthCheck(empty())) };
}

function readHealthCheck(reader: StructReader): {
  readonly check: CheckRegistration;
  readonly index: number;
} {
  const definition = reader.object("Definition", "", definitionType, (inner) =>
    readDefinition(inner.lenient()),
  );
  const check: CheckRegistration = {
    Node: reader.string("Node"),
    CheckID: reader.string("CheckID"),
    Name: reader.string("Name"),
    Status: reader.string("Status"),
    Notes: reader.string("Notes"),
    Output: reader.string("Output"),
    ServiceID: reader.string("ServiceID"),
    Type: "",
    Definition: definition ?? {},
  };
  // A check of a service shows the service's name and tags; the type is not kept, as in Consul 1.8.7.
  const ServiceName = reader.string("ServiceName");
  const ServiceTags = reader.strings("ServiceTags") ?? [];
  for (const name of ["Type", "Namespace"]) reader.string(name);
  const named = {
    ...(ServiceName === "" ? {} : { ServiceName }),
    ...(ServiceTags.length === 0 ? {} : { ServiceTags }),
  };
  return { check: { ...check, ...named }, index: readIndexes(reader) };
}

/** As Go names it, where a definition is no object. */
const definitionType =
  "struct { IntervalDuration interface {}; TimeoutDuration interface {}; DeregisterCriticalServiceAfterDuration interface {}; *api.Alias }";

function readIndexes(reader: StructReader): number {
  reader.uint64("CreateIndex");
  return indexOf(reader.uint64("ModifyIndex"));
}

/** What a missing object is read from. */
function empty(): StructReader {
  return new StructReader(null, { source: "api", type: "", struct: "", path: "" });
}

/** Above what a number holds exactly there is no index that it could be compared with. */
function indexOf(decimal: U64): number {
  return Math.min(Number(decimal), Number.MAX_SAFE_INTEGER);
}
