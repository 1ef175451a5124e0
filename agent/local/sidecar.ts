// Chooses the port of a service's sidecar: what the sidecar has already, or the lowest one of the configured range
// that no service of this agent has.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { ServiceDefinition } from "../../shared/structs/service-definition.ts";
import { sidecarChecks } from "../../shared/structs/sidecar.ts";
import type { LocalService } from "./state.ts";

/** Both 0: no port is chosen. */
export type PortRange = { readonly min: number; readonly max: number };

/** The sidecar with its port and, when none were given, its standard checks. Fails when no port is left. */
export function placeSidecar(
  sidecar: ServiceDefinition,
  ofService: string,
  services: ReadonlyMap<string, LocalService>,
  range: PortRange,
): Result<ServiceDefinition, ServerError> {
  const port = sidecar.port > 0 ? ok(sidecar.port) : choosePort(sidecar.id, services, range);
  if (!port.ok) return port;
  const placed = { ...sidecar, port: port.value };
  return ok(sidecar.checks.length > 0 ? placed : { ...placed, checks: sidecarChecks(placed, ofService) });
}

function choosePort(
  id: string,
  services: ReadonlyMap<string, LocalService>,
  { min, max }: PortRange,
): Result<number, ServerError> {
  const known = services.get(id)?.service.Port ?? 0;
  if (known > 0) return ok(known);
  if (min <= 0 || max <= 0) return refused("auto-assignment disabled in config");
  const taken = new Set([...services.values()].map(({ service }) => service.Port));
  for (let port = min; port <= max; port += 1) if (!taken.has(port)) return ok(port);
  return refused(`none left in the configured range [${min}, ${max}]`);
}

function refused(why: string): Result<never, ServerError> {
  const text = `Bad request: Invalid SidecarService: no port provided for sidecar_service and ${why}`;
  return fail(serverError("rejected", text));
}
