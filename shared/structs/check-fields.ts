// The fields that check definitions of all places share, read and validated with Consul's texts; used by the parsers
// of checks (parse-check-definition.ts) and of the checks inside a service (parse-service-definition.ts).

import { limits } from "../limits.ts";
import { invalidProblem, type ParseProblem, refusedProblem } from "./parse-problem.ts";
import type { CheckDefinition, OtherCheck } from "./service-definition.ts";
import type { StructReader } from "./struct-reader.ts";

/** Where a definition comes from, and whether one from there may run programs. */
export type DefinitionSource = {
  readonly source: "api" | "file";
  readonly scripts?: boolean;
  /** Of a file: where the definition stands ("services[0]"), and where the keys go that nobody knows. */
  readonly path?: string;
  readonly unknown?: string[];
};

/** Where the reader of a whole definition starts. */
export function definitionPlace(options: DefinitionSource): {
  readonly path: string;
  readonly unknown?: string[];
} {
  const { path, unknown } = options;
  return {
    path: path === undefined ? "" : `${path}.`,
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** A check as it was written: complete, not yet validated. */
export type CheckDraft = {
  readonly definition: CheckDefinition;
  /** Nothing at all was said: a service's "Check": {} means no check. */
  readonly isEmpty: boolean;
};

/** Go's name of the type that a check in a body is decoded as; only its beginning is worth repeating. */
export const checkGoType = "struct { Interval interface {}; Timeout interface {}; TTL interface {} }";

/** Reads a check; `place` says which of the names that differ are known there. */
export function readCheck(
  reader: StructReader,
  place: "node" | "service",
  source: "api" | "file",
): CheckDraft {
  const bothIds = source === "file";
  const plainId = place === "node" || bothIds ? reader.string("ID", "types.CheckID") : "";
  const checkId = place === "service" || bothIds ? reader.string("CheckID", "types.CheckID") : "";
  const serviceId = place === "node" || bothIds ? reader.string("ServiceID") : "";
  const token = place === "node" || bothIds ? reader.string("Token") : "";
  const snakeServiceId = !bothIds ? reader.string("service_id") : "";
  // Names of Consul's own struct: taken and without effect.
  if (place === "service") for (const name of ["ServiceID", "ProxyHTTP", "ProxyGRPC"]) reader.any(name);
  const other = readOther(reader, source);
  const http = reader.string("HTTP");
  const tcp = reader.string("TCP");
  const isOther = other !== null && http === "" && tcp === "";
  const definition: CheckDefinition = {
    id: plainId || checkId,
    name: reader.string("Name"),
    notes: reader.string("Notes"),
    serviceId: serviceId || snakeServiceId,
    status: reader.string("Status"),
    token,
    http,
    method: reader.string("Method"),
    header: reader.stringListMap("Header") ?? {},
    body: reader.string("Body"),
    tlsSkipVerify: oneOf(
      reader.boolean("TLSSkipVerify"),
      source === "api" && reader.boolean("tls_skip_verify"),
    ),
    // Consul runs the HTTP check when both are given.
    tcp: http === "" ? tcp : "",
    intervalMillis: reader.duration("Interval"),
    timeoutMillis: reader.duration("Timeout"),
    ttlMillis: reader.duration("TTL"),
    successBeforePassing: reader.integer("SuccessBeforePassing"),
    failuresBeforeCritical: reader.integer("FailuresBeforeCritical"),
    outputBytesMax: reader.integer("OutputMaxSize"),
    deregisterCriticalAfterMillis:
      reader.duration("DeregisterCriticalServiceAfter") ||
      (source === "api" ? reader.duration("deregister_critical_service_after") : 0),
    ...(isOther ? { other } : {}),
  };
  return { definition, isEmpty: Object.values(definition).every(isZero) };
}

function isZero(value: CheckDefinition[keyof CheckDefinition]): boolean {
  return typeof value === "object" ? Object.keys(value).length === 0 : !value;
}

function oneOf(first: boolean, second: boolean): boolean {
  return first || second;
}

/** The kinds that are neither HTTP nor TCP nor TTL, in the order in which Consul decides between them. */
function readOther(reader: StructReader, source: "api" | "file"): OtherCheck | null {
  const named = (name: string, snake: string): string =>
    reader.string(name) || (source === "api" ? reader.string(snake) : "");
  const lists = [
    reader.strings("Args") ?? [],
    reader.strings("ScriptArgs") ?? [],
    source === "api" ? (reader.strings("script_args") ?? []) : [],
  ];
  const args = lists.find((list) => list.length > 0) ?? [];
  const container = named("DockerContainerID", "docker_container_id");
  const shell = reader.string("Shell");
  const target = reader.string("GRPC");
  const useTls = reader.boolean("GRPCUseTLS");
  const node = reader.string("AliasNode");
  const service = reader.string("AliasService");
  if (target !== "") return { kind: "grpc", target, useTls };
  // A container without a program to run in it is not yet a check.
  if (args.length > 0)
    return container === "" ? { kind: "script", args } : { kind: "docker", container, shell, args };
  return node === "" && service === "" ? null : { kind: "alias", node, service };
}

/** The check ready to run, its limits applied; or Consul's reason why it cannot be. */
export function validateCheck(draft: CheckDraft, from: DefinitionSource): CheckDefinition | ParseProblem {
  const { definition } = draft;
  const { intervalMillis, ttlMillis, http, tcp, other } = definition;
  const runsProgram = other?.kind === "script" || other?.kind === "docker";
  const needsInterval = http !== "" || tcp !== "" || (other !== undefined && other.kind !== "alias");
  if (intervalMillis > 0 && ttlMillis > 0) {
    return invalidProblem("Invalid check: Interval and TTL cannot both be specified");
  }
  if (needsInterval && intervalMillis <= 0) {
    return invalidProblem("Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks");
  }
  if (other?.kind === "alias" && ttlMillis > 0) {
    return invalidProblem("Invalid check: TTL must be not be set for Alias checks");
  }
  if (!needsInterval && other === undefined && ttlMillis <= 0) {
    return invalidProblem("Invalid check: TTL must be > 0 for TTL checks");
  }
  if (definition.outputBytesMax < 0) {
    return invalidProblem("Invalid check: MaxOutputMaxSize must be positive");
  }
  if (runsProgram && from.scripts !== true) return refusedProblem(scriptsDisabled[from.source]);
  return withMinimums(definition);
}

const scriptsDisabled = {
  api: "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
  file: "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
} as const;
const deregisterAfterMillisMin = 60_000;

// Consul raises what is below its minimum instead of refusing it.
function withMinimums(definition: CheckDefinition): CheckDefinition {
  const { intervalMillis, deregisterCriticalAfterMillis, outputBytesMax } = definition;
  return {
    ...definition,
    intervalMillis: intervalMillis > 0 ? Math.max(intervalMillis, limits.checkIntervalMillisMin) : 0,
    outputBytesMax: outputBytesMax === 0 ? limits.checkOutputBytesMax : outputBytesMax,
    deregisterCriticalAfterMillis:
      deregisterCriticalAfterMillis > 0
        ? Math.max(deregisterCriticalAfterMillis, deregisterAfterMillisMin)
        : 0,
  };
}

export function isParseProblem(value: CheckDefinition | ParseProblem): value is ParseProblem {
  return "error" in value;
}

export const checkStatuses: readonly string[] = ["passing", "warning", "critical"];
