// The fields that check definitions of all places share, read and validated with Consul's texts; used by the parsers
// of checks (parse-check-definition.ts) and of the checks inside a service (parse-service-definition.ts).

import { limits } from "../limits.ts";
import { invalidProblem, type ParseProblem, refusedProblem, unavailableProblem } from "./parse-problem.ts";
import type { CheckDefinition } from "./service-definition.ts";
import type { StructReader } from "./struct-reader.ts";

/** A check as it was written: complete, not yet validated, with what other kinds of checks were asked for. */
export type CheckDraft = {
  readonly definition: CheckDefinition;
  /** "" or the words for a kind of check that is not built yet. */
  readonly unavailable: "" | "script" | "Docker" | "gRPC" | "alias";
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
  const snakeServiceId = place === "node" && !bothIds ? reader.string("service_id") : "";
  const unavailable = readOtherKinds(reader, source);
  const http = reader.string("HTTP");
  const tcp = reader.string("TCP");
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
  };
  return { definition, unavailable, isEmpty: unavailable === "" && Object.values(definition).every(isZero) };
}

function isZero(value: CheckDefinition[keyof CheckDefinition]): boolean {
  return typeof value === "object" ? Object.keys(value).length === 0 : !value;
}

function oneOf(first: boolean, second: boolean): boolean {
  return first || second;
}

function readOtherKinds(reader: StructReader, source: "api" | "file"): CheckDraft["unavailable"] {
  const args = reader.strings("Args") ?? [];
  const scriptArgs = [
    reader.strings("ScriptArgs") ?? [],
    source === "api" ? (reader.strings("script_args") ?? []) : [],
  ];
  const docker =
    reader.string("DockerContainerID") || (source === "api" ? reader.string("docker_container_id") : "");
  reader.string("Shell");
  const grpc = reader.string("GRPC");
  reader.boolean("GRPCUseTLS");
  const alias = reader.string("AliasNode") + reader.string("AliasService");
  const hasArgs = args.length > 0 || scriptArgs.some((list) => list.length > 0);
  if (hasArgs) return docker === "" ? "script" : "Docker";
  if (grpc !== "") return "gRPC";
  return alias === "" ? "" : "alias";
}

/** The check ready to run, its limits applied; or Consul's reason why it cannot be. */
export function validateCheck(draft: CheckDraft, source: "api" | "file"): CheckDefinition | ParseProblem {
  const { definition, unavailable } = draft;
  const { intervalMillis, ttlMillis, http, tcp } = definition;
  const needsInterval = http !== "" || tcp !== "" || (unavailable !== "" && unavailable !== "alias");
  if (intervalMillis > 0 && ttlMillis > 0) {
    return invalidProblem("Invalid check: Interval and TTL cannot both be specified");
  }
  if (needsInterval && intervalMillis <= 0) {
    return invalidProblem("Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks");
  }
  if (!needsInterval && unavailable === "" && ttlMillis <= 0) {
    return invalidProblem("Invalid check: TTL must be > 0 for TTL checks");
  }
  if (definition.outputBytesMax < 0) {
    return invalidProblem("Invalid check: MaxOutputMaxSize must be positive");
  }
  if (source === "api" && (unavailable === "script" || unavailable === "Docker"))
    return refusedProblem(scriptsDisabled);
  if (unavailable !== "") return unavailableProblem(`A check of kind ${unavailable}`);
  return withMinimums(definition);
}

const scriptsDisabled =
  "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true";
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
