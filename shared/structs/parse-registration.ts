// Bodies of /v1/catalog/register and /v1/catalog/deregister: decoded with Go's texts and completed with Consul's
// defaults. What needs the catalog (and what Consul answers with 500) is decided by the server.

import { formatGoDuration } from "../base/millis.ts";
import { fail, type Result } from "../base/result.ts";
import { meshProblems, multiError } from "./mesh-problems.ts";
import { noProxy, readNative, readProxy } from "./parse-proxy.ts";
import { type ServerError, serverError } from "../errors.ts";
import { readAddress, readWeights } from "./parse-service-definition.ts";
import type {
  CheckRegistration,
  DeregisterRequest,
  RegisterRequest,
  ServiceRegistration,
} from "./registration.ts";
import type { Weights } from "./service.ts";
import { StructReader } from "./struct-reader.ts";

/** Parses a registration. */
export function parseRegistration(value: unknown): Result<RegisterRequest, ServerError> {
  const type = "structs.RegisterRequest";
  const reader = new StructReader(value, { source: "api", type, struct: "RegisterRequest", path: "" });
  const node = reader.string("Node");
  const single = reader.object("Check", "HealthCheck", "structs.HealthCheck", readCheckRegistration);
  const list = reader.objectList(
    "Checks",
    "HealthCheck",
    ["structs.HealthChecks", "structs.HealthCheck"],
    readCheckRegistration,
  );
  const service = reader.object("Service", "NodeService", "structs.NodeService", readServiceRegistration);
  const checks = single === null ? list : [...list, single];
  const registration: RegisterRequest = {
    Datacenter: reader.string("Datacenter"),
    ID: reader.string("ID", "types.NodeID"),
    Node: node,
    Address: reader.string("Address"),
    TaggedAddresses: reader.stringMap("TaggedAddresses"),
    NodeMeta: reader.stringMap("NodeMeta"),
    Service: service,
    Checks: checks.map((check) => ({ ...check, Node: check.Node || node })),
    SkipNodeUpdate: reader.boolean("SkipNodeUpdate"),
  };
  reader.string("Token");
  const problem = reader.problem() ?? null;
  if (problem !== null) return fail(serverError("decodeFailed", problem));
  return validate(registration);
}

// Consul answers these with 500; they need nothing but the body.
function validate(registration: RegisterRequest): Result<RegisterRequest, ServerError> {
  const { Node, ID, Address, SkipNodeUpdate } = registration;
  // Consul asks for node and address before it looks at the ID; those two are the server's to say.
  const idProblem = Node === "" || (Address === "" && !SkipNodeUpdate) ? null : nodeIdProblem(ID);
  if (idProblem !== null) return fail(serverError("rejected", `Bad node ID: ${idProblem}`));
  const foreign = registration.Checks.find((check) => check.Node !== Node && Node !== "");
  if (foreign !== undefined) {
    return fail(serverError("rejected", `check node "${foreign.Node}" does not match node "${Node}"`));
  }
  const service = registration.Service;
  const native = service?.Connect.Native === true;
  const mesh = service === null ? [] : meshProblems(service.Kind ?? "", service.Port, service.Proxy, native);
  if (mesh.length > 0) return fail(serverError("rejected", multiError(mesh)));
  return { ok: true, value: registration };
}

/** null, or what Go's UUID parser says. */
function nodeIdProblem(id: string): string | null {
  if (id === "") return null;
  if (id.length !== 36) return "uuid string is wrong length";
  if (![8, 13, 18, 23].every((at) => id[at] === "-")) return "uuid is improperly formatted";
  for (const character of id.replaceAll("-", "")) {
    if (/[0-9a-fA-F]/.test(character)) continue;
    const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `encoding/hex: invalid byte: U+${point} '${character}'`;
  }
  return null;
}

function readServiceRegistration(reader: StructReader): ServiceRegistration {
  const kind = reader.string("Kind", "structs.ServiceKind");
  const name = reader.string("Service");
  const tagged = reader.objectMap("TaggedAddresses", "ServiceAddress", "structs.ServiceAddress", readAddress);
  const weights = reader.object("Weights", "Weights", "structs.Weights", readWeights);
  const proxy = reader.object("Proxy", "", "structs.ConnectProxyConfig", (inner) =>
    readProxy(inner, "catalog"),
  );
  const native = reader.object("Connect", "", "structs.ServiceConnect", readNative);
  readIndexes(reader);
  return {
    ...(kind === "" ? {} : { Kind: kind }),
    ID: reader.string("ID") || name,
    Service: name,
    Tags: [...(reader.strings("Tags") ?? [])],
    Address: reader.string("Address"),
    ...(tagged === null || Object.keys(tagged).length === 0 ? {} : { TaggedAddresses: tagged }),
    Meta: reader.stringMap("Meta"),
    Port: reader.integer("Port"),
    Weights: completeWeights(weights),
    EnableTagOverride: reader.boolean("EnableTagOverride"),
    Proxy: proxy ?? { ...noProxy },
    Connect: native === true ? { Native: true } : {},
  };
}

/** In the catalog a missing or impossible weight counts as 1 (the agent refuses it instead). */
function completeWeights(weights: Weights | null): Weights {
  if (weights === null || (weights.Passing === 0 && weights.Warning === 0)) return { Passing: 1, Warning: 1 };
  return weights;
}

function readCheckRegistration(reader: StructReader): CheckRegistration {
  const name = reader.string("Name");
  const definition = reader.object("Definition", "", "structs.HealthCheckDefinition", readDefinition) ?? {};
  const type = reader.string("Type");
  const serviceName = reader.string("ServiceName");
  const serviceTags = reader.strings("ServiceTags") ?? [];
  readIndexes(reader);
  return {
    Node: reader.string("Node"),
    CheckID: reader.string("CheckID", "types.CheckID") || name,
    Name: name,
    Status: reader.string("Status") || "critical",
    Notes: reader.string("Notes"),
    Output: reader.string("Output"),
    ServiceID: reader.string("ServiceID"),
    ...(serviceName === "" ? {} : { ServiceName: serviceName }),
    ...(serviceTags.length === 0 ? {} : { ServiceTags: serviceTags }),
    Type: type || definitionType(definition),
    Definition: definition,
  };
}

function readIndexes(reader: StructReader): void {
  reader.integer("CreateIndex", "uint64");
  reader.integer("ModifyIndex", "uint64");
}

/** The catalog shows a definition as it was given, without what is empty or unknown, durations first. */
export function readDefinition(reader: StructReader): Record<string, unknown> {
  reader.lenient();
  const definition: Record<string, unknown> = {};
  const keep = (name: string, value: string | number | boolean | readonly string[] | object | null) => {
    const isEmpty = Array.isArray(value) ? value.length === 0 : !value || value === "0s";
    if (!isEmpty) definition[name] = value;
  };
  keep("Interval", formatGoDuration(reader.duration("Interval")));
  keep("Timeout", formatGoDuration(reader.duration("Timeout")));
  const after = "DeregisterCriticalServiceAfter";
  keep(after, formatGoDuration(reader.duration(after)));
  keep("HTTP", reader.string("HTTP"));
  keep("TLSSkipVerify", reader.boolean("TLSSkipVerify"));
  keep("Header", reader.stringListMap("Header"));
  for (const name of ["Method", "Body", "TCP"]) keep(name, reader.string(name));
  keep("OutputMaxSize", reader.integer("OutputMaxSize"));
  keep("ScriptArgs", reader.strings("ScriptArgs"));
  for (const name of ["DockerContainerID", "Shell", "GRPC"]) keep(name, reader.string(name));
  keep("GRPCUseTLS", reader.boolean("GRPCUseTLS"));
  for (const name of ["AliasNode", "AliasService"]) keep(name, reader.string(name));
  keep("TTL", formatGoDuration(reader.duration("TTL")));
  return definition;
}

function definitionType(definition: Readonly<Record<string, unknown>>): string {
  if (definition.TTL !== undefined) return "ttl";
  if (definition.Interval === undefined) return "";
  if (definition.HTTP !== undefined) return "http";
  if (definition.TCP !== undefined) return "tcp";
  return definition.GRPC === undefined ? "" : "grpc";
}

/** Parses a deregistration. */
export function parseDeregistration(value: unknown): Result<DeregisterRequest, ServerError> {
  const type = "struct { Address string; *structs.Alias }";
  const reader = new StructReader(value, { source: "api", type, struct: "", path: "" });
  const deregistration = {
    Datacenter: reader.string("Datacenter"),
    Node: reader.string("Node"),
    ServiceID: reader.string("ServiceID"),
    CheckID: reader.string("CheckID", "types.CheckID"),
  };
  for (const name of ["Address", "Token"]) reader.string(name);
  const finished = reader.finish(deregistration);
  return finished.ok ? finished : fail(serverError("decodeFailed", finished.error));
}
