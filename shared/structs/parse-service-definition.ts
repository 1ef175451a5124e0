// A service definition: the body of /v1/agent/service/register, or `service` and `services` of a configuration file.

import { fail, ok, type Result } from "../base/result.ts";
import {
  type CheckDraft,
  checkGoType,
  checkStatuses,
  type DefinitionSource,
  definitionPlace,
  isParseProblem,
  readCheck,
  validateCheck,
} from "./check-fields.ts";
import { decodeProblem, invalidProblem, type ParseProblem } from "./parse-problem.ts";
import { meshProblems, multiError } from "./mesh-problems.ts";
import { noProxy, readProxy } from "./parse-proxy.ts";
import type { ServiceAddress, Weights } from "./service.ts";
import type { CheckDefinition, ServiceDefinition } from "./service-definition.ts";
import { metaProblem } from "./service-meta.ts";
import { sidecarOf, sidecarProblems } from "./sidecar.ts";
import { StructReader } from "./struct-reader.ts";

type Source = "api" | "file";

const goType =
  'struct { EnableTagOverrideSnake bool "json:\\"enable_tag_override\\""; TaggedAddressesSnake ' +
  'map[string]structs.ServiceAddress "json:\\"tagged_addresses\\""; *structs.Alias }';

/** Parses and validates. The ID is the name when none was given; IDs of checks stay "" until the agent names them. */
export function parseServiceDefinition(
  value: unknown,
  options: DefinitionSource = { source: "api" },
): Result<ServiceDefinition, ParseProblem> {
  const { source } = options;
  const reader = new StructReader(value, { source, type: goType, struct: "", ...definitionPlace(options) });
  const draft = readService(reader, source, 0);
  const problem = reader.problem();
  if (problem !== null) return fail(decodeProblem(problem));
  const refused = refusal(draft);
  if (refused !== null) return fail(refused);
  const checks: CheckDefinition[] = [];
  for (const check of draft.checks) {
    const checked = validateCheck(check, options);
    if (isParseProblem(checked)) return fail(checked);
    if (checked.status !== "" && !checkStatuses.includes(checked.status)) {
      return fail(invalidProblem("Status for checks must 'passing', 'warning', 'critical'"));
    }
    checks.push(checked);
  }
  if (draft.sidecar === null) return ok({ ...draft.service, checks });
  const sidecar = sidecarOf(draft.service, draft.sidecar, options);
  return "error" in sidecar ? fail(sidecar) : ok({ ...draft.service, checks, sidecar });
}

/** A definition as it was written: complete, not yet validated. */
export type ServiceDraft = {
  readonly service: Omit<ServiceDefinition, "checks">;
  readonly checks: readonly CheckDraft[];
  /** The proxy that the service wants beside it. */
  readonly sidecar: ServiceDraft | null;
  readonly hasId: boolean;
  readonly hasWeights: boolean;
};

type Connect = { readonly native: boolean; readonly sidecar: ServiceDraft | null };

/** `Connect`: "native" takes part in the mesh without a proxy, a sidecar service is one beside it. */
function readConnect(reader: StructReader, source: Source, depth: number): Connect {
  if (source === "api") reader.lenient();
  const read = (name: string) =>
    // One in another is refused whatever it holds, and deeper ones need not be looked at.
    depth > 1 ? null : reader.object(name, "", goType, (inner) => readService(inner, source, depth + 1));
  const native = reader.boolean("Native");
  const snake = source === "api" ? read("sidecar_service") : null;
  return { native, sidecar: read("SidecarService") ?? snake };
}

const connectType =
  'struct { SidecarServiceSnake *structs.ServiceDefinition "json:\\"sidecar_service\\""; *structs.Alias }';

function readService(reader: StructReader, source: Source, depth: number): ServiceDraft {
  const name = reader.string("Name");
  const tagOverride = reader.boolean("EnableTagOverride");
  const taggedAddresses = reader.objectMap("TaggedAddresses", "ServiceAddress", addressType, readAddress);
  const snakeOverride = source === "api" && reader.boolean("enable_tag_override");
  const snakeAddresses =
    source === "api"
      ? reader.objectMap("tagged_addresses", "ServiceAddress", addressType, readAddress)
      : null;
  const single = reader.object("Check", "", checkGoType, (inner) => readCheck(inner, "service", source));
  const list = reader.objectList("Checks", "", ["structs.CheckTypes", checkGoType], (inner) =>
    readCheck(inner, "service", source),
  );
  const kind = reader.string("Kind", "structs.ServiceKind");
  const id = reader.string("ID");
  const weights = reader.object("Weights", "Weights", "structs.Weights", readWeights);
  const service = {
    id: id || name,
    name,
    kind,
    tags: reader.strings("Tags") ?? [],
    address: reader.string("Address"),
    taggedAddresses: taggedAddresses ?? snakeAddresses ?? {},
    meta: reader.stringMap("Meta") ?? {},
    port: reader.integer("Port"),
    weights: weights ?? { Passing: 1, Warning: 1 },
    enableTagOverride: tagOverride || snakeOverride,
    token: reader.string("Token"),
  };
  const proxy = reader.object("Proxy", "", "structs.ConnectProxyConfig", (inner) =>
    readProxy(inner, "agent"),
  );
  const connect = reader.object("Connect", "", connectType, (inner) => readConnect(inner, source, depth));
  return {
    service: {
      ...service,
      ...(proxy === null ? {} : { proxy }),
      ...(connect?.native === true ? { native: true as const } : {}),
    },
    checks: single === null || single.isEmpty ? list : [single, ...list],
    sidecar: connect?.sidecar ?? null,
    hasId: id !== "",
    hasWeights: weights !== null,
  };
}

const addressType = "structs.ServiceAddress";

/** An address with a port, of `TaggedAddresses`. */
export function readAddress(reader: StructReader): ServiceAddress {
  return { Address: reader.string("Address"), Port: reader.integer("Port") };
}

/** DNS weights; what is left out is 0. */
export function readWeights(reader: StructReader): Weights {
  return { Passing: reader.integer("Passing"), Warning: reader.integer("Warning") };
}

function refusal({ service, sidecar }: ServiceDraft): ParseProblem | null {
  if (service.name === "") return invalidProblem("Missing service name");
  if (["0.0.0.0", "::", "[::]"].includes(service.address)) return invalidProblem("Invalid service address");
  const weights = weightsProblem(service.weights);
  if (weights !== null) return invalidProblem(`Invalid Weights: ${weights}`);
  const meta = metaProblem(service.meta);
  if (meta !== null) return invalidProblem(`Invalid Service Meta: ${meta}`);
  const { kind, port, proxy, native } = service;
  const problems = [
    ...meshProblems(kind, port, proxy ?? noProxy, native === true),
    ...(sidecar === null ? [] : sidecarProblems(sidecar)),
  ];
  return problems.length === 0 ? null : invalidProblem(multiError(problems));
}

const weightMax = 65_535;

function weightsProblem({ Passing, Warning }: Weights): string | null {
  if (Passing <= 0) return "Passing must be greater than 0";
  if (Warning < 0) return "Warning must be greater or equal than 0";
  return Passing > weightMax || Warning > weightMax ? "DNS Weight must be between 0 and 65535" : null;
}
