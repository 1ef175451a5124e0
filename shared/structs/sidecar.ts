// The proxy that a service asks for beside itself (Connect.SidecarService): a service of its own whose id, destination
// and checks follow from the service. Its port, when none is given, is the agent's to choose (agent/local/sidecar.ts).

import { type CheckDraft, type DefinitionSource, isParseProblem, validateCheck } from "./check-fields.ts";
import { type ParseProblem, refusedProblem } from "./parse-problem.ts";
import { noProxy } from "./parse-proxy.ts";
import type { ServiceDraft } from "./parse-service-definition.ts";
import { type CheckDefinition, emptyCheck, type ServiceDefinition } from "./service-definition.ts";
import { metaProblem } from "./service-meta.ts";

/** What a sidecar's block may not say. */
export function sidecarProblems(sidecar: ServiceDraft): readonly string[] {
  const problems: string[] = [];
  if (sidecar.hasId) problems.push("A SidecarService cannot specify an ID as this is managed by the agent");
  if (sidecar.sidecar !== null) problems.push("A SidecarService cannot have a nested SidecarService");
  return problems;
}

/** The id of a service's sidecar. */
export function sidecarIdOf(serviceId: string): string {
  return `${serviceId}-sidecar-proxy`;
}

/**
 * The sidecar's definition. Port 0: to be chosen; its two standard checks are then added with the port
 * (`sidecarChecks`). Fails with Consul's text for a mistake in it.
 */
export function sidecarOf(
  service: Omit<ServiceDefinition, "checks">,
  draft: ServiceDraft,
  from: DefinitionSource,
): ServiceDefinition | ParseProblem {
  const own = draft.service;
  const meta = Object.keys(own.meta).length === 0 ? service.meta : own.meta;
  const metaMistake = metaProblem(meta);
  if (metaMistake !== null) return refusedProblem(`Bad request: Invalid SidecarService: ${metaMistake}`);
  const checks: CheckDefinition[] = [];
  for (const check of draft.checks) {
    const checked = sidecarCheck(check, from);
    if (isParseProblem(checked)) return checked;
    checks.push(checked);
  }
  const proxy = own.proxy ?? noProxy;
  const { DestinationServiceName, DestinationServiceID, LocalServiceAddress, ...others } = proxy;
  const port = proxy.LocalServicePort ?? service.port;
  const { LocalServicePort: _given, ...rest } = others;
  return {
    ...own,
    id: sidecarIdOf(service.id),
    name: own.name === "" ? sidecarIdOf(service.name) : own.name,
    kind: "connect-proxy",
    tags: own.tags.length === 0 ? service.tags : own.tags,
    meta,
    address: own.address === "" ? service.address : own.address,
    port: Math.max(own.port, 0),
    weights: draft.hasWeights ? own.weights : { Passing: 1, Warning: 1 },
    token: own.token === "" ? service.token : own.token,
    checks,
    proxy: {
      DestinationServiceName: DestinationServiceName ?? service.name,
      DestinationServiceID: DestinationServiceID ?? service.id,
      LocalServiceAddress: LocalServiceAddress ?? "127.0.0.1",
      ...(port === 0 ? {} : { LocalServicePort: port }),
      ...rest,
    },
  };
}

function sidecarCheck(draft: CheckDraft, from: DefinitionSource): CheckDefinition | ParseProblem {
  const checked = validateCheck(draft, from);
  if (!isParseProblem(checked) || !checked.text.startsWith("Invalid check: ")) return checked;
  const reason = checked.text.slice("Invalid check: ".length);
  return refusedProblem(`Bad request: Invalid check in sidecar_service: ${reason}`);
}

/** The sidecar listens, and the service that it stands for is healthy. */
export function sidecarChecks(sidecar: ServiceDefinition, ofService: string): readonly CheckDefinition[] {
  const address = String(sidecar.proxy?.LocalServiceAddress ?? "127.0.0.1");
  const listening = address.includes(":") ? `[${address}]` : address;
  return [
    {
      ...emptyCheck,
      name: "Connect Sidecar Listening",
      tcp: `${listening}:${sidecar.port}`,
      intervalMillis: 10_000,
    },
    {
      ...emptyCheck,
      name: `Connect Sidecar Aliasing ${ofService}`,
      other: { kind: "alias", node: "", service: ofService },
    },
  ];
}
