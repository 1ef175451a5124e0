// A service definition: the body of /v1/agent/service/register, or `service` and `services` of a configuration file.

import { fail, ok, type Result } from "../base/result.ts";
import {
  type CheckDraft,
  checkGoType,
  checkStatuses,
  type DefinitionSource,
  isParseProblem,
  readCheck,
  validateCheck,
} from "./check-fields.ts";
import { decodeProblem, invalidProblem, type ParseProblem, unavailableProblem } from "./parse-problem.ts";
import { meshProblem, noProxy, readConnect, readProxy } from "./parse-proxy.ts";
import type { ServiceAddress, Weights } from "./service.ts";
import type { CheckDefinition, ServiceDefinition } from "./service-definition.ts";
import { metaProblem } from "./service-meta.ts";
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
  const reader = new StructReader(value, { source, type: goType, struct: "", path: "" });
  const draft = readService(reader, source);
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
  return ok({ ...draft.service, checks });
}

type ServiceDraft = {
  readonly service: Omit<ServiceDefinition, "checks">;
  readonly checks: readonly CheckDraft[];
  readonly wantsSidecar: boolean;
};

function readService(reader: StructReader, source: Source): ServiceDraft {
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
  const service = {
    id: reader.string("ID") || name,
    name,
    kind,
    tags: reader.strings("Tags") ?? [],
    address: reader.string("Address"),
    taggedAddresses: taggedAddresses ?? snakeAddresses ?? {},
    meta: reader.stringMap("Meta") ?? {},
    port: reader.integer("Port"),
    weights: reader.object("Weights", "Weights", "structs.Weights", readWeights) ?? {
      Passing: 1,
      Warning: 1,
    },
    enableTagOverride: tagOverride || snakeOverride,
    token: reader.string("Token"),
  };
  const proxy = reader.object("Proxy", "ConnectProxyConfig", "structs.ConnectProxyConfig", (inner) =>
    readProxy(inner, "agent"),
  );
  const connect = reader.object("Connect", "ServiceConnect", "structs.ServiceConnect", readConnect);
  return {
    service: {
      ...service,
      ...(proxy === null ? {} : { proxy }),
      ...(connect?.native === true ? { native: true } : {}),
    },
    checks: single === null || single.isEmpty ? list : [single, ...list],
    wantsSidecar: connect?.sidecar === true,
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

function refusal({ service, wantsSidecar }: ServiceDraft): ParseProblem | null {
  if (service.name === "") return invalidProblem("Missing service name");
  if (["0.0.0.0", "::", "[::]"].includes(service.address)) return invalidProblem("Invalid service address");
  const weights = weightsProblem(service.weights);
  if (weights !== null) return invalidProblem(`Invalid Weights: ${weights}`);
  const meta = metaProblem(service.meta);
  if (meta !== null) return invalidProblem(`Invalid Service Meta: ${meta}`);
  const mesh = meshProblem(
    service.kind,
    service.port,
    service.proxy ?? noProxy,
    service.native === true,
    "agent",
  );
  if (mesh !== null) return invalidProblem(mesh);
  return wantsSidecar ? unavailableProblem("Connect.SidecarService (a proxy beside a service)") : null;
}

const weightMax = 65_535;

function weightsProblem({ Passing, Warning }: Weights): string | null {
  if (Passing <= 0) return "Passing must be greater than 0";
  if (Warning < 0) return "Warning must be greater or equal than 0";
  return Passing > weightMax || Warning > weightMax ? "DNS Weight must be between 0 and 65535" : null;
}
