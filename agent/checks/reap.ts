// deregister_critical_service_after: which services have been critical for too long (surface E). Pure; the
// registrar asks every 30 s.

import type { Millis } from "../../shared/base/brand.ts";
import type { LocalCheck } from "../local/state.ts";

export const reapIntervalMillis: Millis = 30_000;
/** Consul raises smaller values. */
export const deregisterAfterMillisMin: Millis = 60_000;

export type CriticalSince = ReadonlyMap<string, Millis>;

/** Since when each check has been critical, and the services to deregister now with the check that says so. */
export function reapCritical(
  checks: Iterable<LocalCheck>,
  since: CriticalSince,
  now: Millis,
): { readonly since: CriticalSince; readonly services: ReadonlyMap<string, string> } {
  const next = new Map<string, Millis>();
  const services = new Map<string, string>();
  for (const { check, definition } of checks) {
    if (check.Status !== "critical") continue;
    const from = since.get(check.CheckID) ?? now;
    next.set(check.CheckID, from);
    const after = definition?.deregisterCriticalAfterMillis ?? 0;
    if (after <= 0 || check.ServiceID === "") continue;
    if (now - from > Math.max(after, deregisterAfterMillisMin)) services.set(check.ServiceID, check.CheckID);
  }
  return { since: next, services };
}
