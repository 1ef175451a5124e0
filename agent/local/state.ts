// What is registered with this agent, and what of it the catalog is known to hold. The agent is the authority for
// its own node (surface G4). Entries are immutable: an entry is in sync when it is the very object that was synced,
// so a change made while a sync is under way is never marked as done. Used by registrar.ts and anti-entropy.ts.

import { limits } from "../../shared/limits.ts";
import type { HealthCheck } from "../../shared/structs/check.ts";
import type { ServiceRegistration } from "../../shared/structs/registration.ts";
import type { CheckDefinition } from "../../shared/structs/service-definition.ts";
import { same } from "./same.ts";

/** Who told us: a configuration file, or the HTTP API (kept across restarts by persistence.ts). */
export type Source = "config" | "api";

export type LocalService = {
  readonly service: ServiceRegistration;
  readonly token: string;
  readonly source: Source;
};

export type LocalCheck = {
  /** CreateIndex and ModifyIndex are 0: the agent shows it so. */
  readonly check: Readonly<HealthCheck>;
  /** Null for maintenance mode, which nothing runs. */
  readonly definition: CheckDefinition | null;
  readonly token: string;
  readonly source: Source;
};

/** check-output: only the output changed, which may reach the catalog late; check-status: anything that may not wait. */
export type LocalChange = { readonly kind: "service" | "check-status" | "check-output"; readonly id: string };

export type LocalState = {
  readonly services: ReadonlyMap<string, LocalService>;
  readonly checks: ReadonlyMap<string, LocalCheck>;
  /** Gone here, perhaps still in the catalog: id to the token to remove it with. */
  readonly removedServices: ReadonlyMap<string, string>;
  readonly removedChecks: ReadonlyMap<string, string>;

  setService(entry: LocalService): void;
  removeService(id: string): boolean;
  setCheck(entry: LocalCheck): void;
  removeCheck(id: string): boolean;
  updateCheck(id: string, status: string, output: string): void;
  checksOf(serviceId: string): readonly LocalCheck[];

  serviceInSync(id: string): boolean;
  checkInSync(id: string): boolean;
  /** The catalog holds exactly this entry. */
  markService(entry: LocalService): void;
  markCheck(entry: LocalCheck): void;
  /** The output of a check was held back long enough. */
  unmarkCheck(id: string): void;
  /** The catalog has entries of this node that nobody registered here. */
  noteStrays(services: readonly string[], checks: readonly string[]): void;
  forgetRemovedService(id: string): void;
  forgetRemovedCheck(id: string): void;
  /** The catalog lost or changed these: sync them again. */
  unmarkAllExcept(services: ReadonlySet<string>, checks: ReadonlySet<string>): void;

  /** The returned function ends it. */
  onChange(listener: (change: LocalChange) => void): () => void;
};

/** Nothing registered. */
export function createLocalState(): LocalState {
  const services = new Map<string, LocalService>();
  const checks = new Map<string, LocalCheck>();
  const removedServices = new Map<string, string>();
  const removedChecks = new Map<string, string>();
  const syncedServices = new Map<string, LocalService>();
  const syncedChecks = new Map<string, LocalCheck>();
  const listeners = new Set<(change: LocalChange) => void>();

  const tell = (kind: LocalChange["kind"], id: string): void => {
    for (const listener of [...listeners]) listener({ kind, id });
  };

  function replaceCheck(old: LocalCheck, entry: LocalCheck): void {
    const id = entry.check.CheckID;
    const wasInSync = syncedChecks.get(id) === old;
    checks.set(id, entry);
    if (same({ ...old.check, Output: "" }, { ...entry.check, Output: "" })) {
      // Still counted as synced: anti-entropy sends the output when its time has come.
      if (wasInSync) syncedChecks.set(id, entry);
      if (old.check.Output !== entry.check.Output) tell("check-output", id);
      return;
    }
    tell("check-status", id);
  }

  return {
    services,
    checks,
    removedServices,
    removedChecks,
    setService(entry) {
      const id = entry.service.ID;
      const old = services.get(id);
      services.set(id, entry);
      removedServices.delete(id);
      if (old !== undefined && syncedServices.get(id) === old && same(old.service, entry.service)) {
        syncedServices.set(id, entry);
        return;
      }
      tell("service", id);
    },
    removeService(id) {
      const old = services.get(id);
      if (old === undefined) return false;
      services.delete(id);
      syncedServices.delete(id);
      removedServices.set(id, old.token);
      tell("service", id);
      return true;
    },
    setCheck(entry) {
      const id = entry.check.CheckID;
      const old = checks.get(id);
      removedChecks.delete(id);
      if (old !== undefined) return replaceCheck(old, entry);
      checks.set(id, entry);
      tell("check-status", id);
    },
    removeCheck(id) {
      const old = checks.get(id);
      if (old === undefined) return false;
      checks.delete(id);
      syncedChecks.delete(id);
      removedChecks.set(id, old.token);
      tell("check-status", id);
      return true;
    },
    updateCheck(id, status, output) {
      const old = checks.get(id);
      if (old === undefined) return;
      if (old.check.Status === status && old.check.Output === output) return;
      replaceCheck(old, { ...old, check: { ...old.check, Status: status, Output: output } });
    },
    checksOf: (serviceId) => [...checks.values()].filter((entry) => entry.check.ServiceID === serviceId),
    serviceInSync: (id) => services.get(id) !== undefined && syncedServices.get(id) === services.get(id),
    checkInSync: (id) => checks.get(id) !== undefined && syncedChecks.get(id) === checks.get(id),
    markService(entry) {
      if (services.get(entry.service.ID) === entry) syncedServices.set(entry.service.ID, entry);
    },
    markCheck(entry) {
      const id = entry.check.CheckID;
      const current = checks.get(id);
      if (current === undefined) return;
      if (current === entry) syncedChecks.set(id, entry);
      else if (same({ ...current.check, Output: "" }, { ...entry.check, Output: "" })) {
        // Only the output moved on while the sync was under way: it waits like any other output.
        syncedChecks.set(id, current);
        tell("check-output", id);
      }
    },
    unmarkCheck: (id) => void syncedChecks.delete(id),
    noteStrays(strayServices, strayChecks) {
      for (const id of strayServices) if (!removedServices.has(id)) removedServices.set(id, "");
      for (const id of strayChecks) if (!removedChecks.has(id)) removedChecks.set(id, "");
    },
    forgetRemovedService: (id) => void removedServices.delete(id),
    forgetRemovedCheck: (id) => void removedChecks.delete(id),
    unmarkAllExcept(keptServices, keptChecks) {
      for (const id of [...syncedServices.keys()]) if (!keptServices.has(id)) syncedServices.delete(id);
      for (const id of [...syncedChecks.keys()]) if (!keptChecks.has(id)) syncedChecks.delete(id);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** The tail of an output too long to keep (surface E: the end of it says what went wrong). */
export function trimmedOutput(output: string, bytesMax: number = limits.checkOutputBytesMax): string {
  if (output.length * 3 <= bytesMax) return output;
  const bytes = new TextEncoder().encode(output);
  return bytes.length <= bytesMax ? output : new TextDecoder().decode(bytes.slice(bytes.length - bytesMax));
}
