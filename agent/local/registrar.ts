// Adds and removes services and checks: the local state, the checks that run, and the files that survive a
// restart, kept together. Called by the HTTP routes, by agent.ts for what configuration files hold, and by reload.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { HealthCheck } from "../../shared/structs/check.ts";
import type { CheckDefinition, ServiceDefinition } from "../../shared/structs/service-definition.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { followAlias } from "../checks/alias.ts";
import { type CriticalSince, reapCritical, reapIntervalMillis } from "../checks/reap.ts";
import { createCheckSchedule } from "../checks/schedule.ts";
import type { CheckStatus } from "../checks/status.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPorts } from "../ports.ts";
import { checkIdOf, checkType, newCheck, newService } from "../../shared/structs/definition-rows.ts";
import { sidecarIdOf } from "../../shared/structs/sidecar.ts";
import type { Persistence } from "./persistence.ts";
import { placeSidecar } from "./sidecar.ts";
import { type LocalCheck, type LocalService, type LocalState, type Source, trimmedOutput } from "./state.ts";

export type Registrar = {
  /**
   * Registers a service with its checks and its sidecar; with `replaceChecks` its other checks go. Keeps the status of
   * known checks. Fails, changing nothing, when there is no port for the sidecar.
   */
  addService(
    definition: ServiceDefinition,
    source: Source,
    replaceChecks: boolean,
  ): Result<void, ServerError>;
  /** Its sidecar goes with it. */
  removeService(id: string): void;
  /** Fails when the check's service is not registered here. */
  addCheck(definition: CheckDefinition, source: Source): Result<void, ServerError>;
  removeCheck(id: string): void;
  /** A report for a TTL check. */
  report(id: string, status: CheckStatus, output: string): Result<void, ServerError>;
  /** Adds a check that nothing runs (maintenance mode). */
  addFixedCheck(check: HealthCheck, token: string): void;
  /** What configuration files hold replaces what they held before. */
  applyConfig(config: RuntimeConfig): void;
  /** Entries from the data directory, unless the configuration has the same ids. */
  restore(): void;
  start(): void;
  stop(): void;
  counts(): { readonly monitors: number; readonly ttls: number };
};

type RegistrarPorts = Pick<
  AgentPorts,
  "timers" | "entropy" | "log" | "httpProbe" | "tcpProbe" | "otherProbes" | "clock" | "defer"
>;

/** A registrar over an empty state. */
export function createRegistrar(
  state: LocalState,
  persistence: Persistence,
  ports: RegistrarPorts,
  config: () => RuntimeConfig,
  /** For alias checks of other nodes' services. */
  backend: Backend,
): Registrar {
  let criticalSince: CriticalSince = new Map();
  let stopReaper: () => void = () => {};

  const schedule = createCheckSchedule(
    ports,
    () => config().checkOutputBytesMax,
    (id, result) => {
      state.updateCheck(id, result.status, config().discardCheckOutput ? "" : result.output);
    },
    (id, other, update) => {
      const { timers, defer, entropy } = ports;
      const token = () => state.checks.get(id)?.token || config().defaultToken;
      return followAlias({ state, backend, timers, defer, random: entropy.random, token }, id, other, update);
    },
  );

  function put(entry: LocalCheck): void {
    const id = entry.check.CheckID;
    const known = state.checks.get(id)?.check;
    const saved =
      known === undefined && (entry.definition?.ttlMillis ?? 0) > 0 ? persistence.loadCheckState(id) : null;
    // Registering again must not make a healthy service unhealthy until its next check.
    const carried = known ?? saved;
    const check =
      carried === null ? entry.check : { ...entry.check, Status: carried.Status, Output: carried.Output };
    state.setCheck({ ...entry, check });
    if (entry.definition === null) return;
    schedule.start(id, entry.definition);
    const remaining: Millis | undefined =
      saved === null ? undefined : saved.Expires * 1000 - ports.clock.now();
    schedule.ttl(id)?.report(check.Output, remaining);
  }

  function putService(entry: LocalService): void {
    state.setService(entry);
    if (entry.source === "api") persistence.saveService(entry);
  }

  function putChecksOf(definition: ServiceDefinition, entry: LocalService): ReadonlySet<string> {
    const ids = new Set<string>();
    definition.checks.forEach((check, position) => {
      const id = checkIdOf(definition, check, position);
      const token = check.token === "" ? entry.token : check.token;
      const owned: CheckDefinition = { ...check, id, serviceId: entry.service.ID, token };
      const name = check.name === "" ? `Service '${definition.name}' check` : check.name;
      const made = newCheck(config().nodeName, { ...owned, name }, checkType(owned), entry.service);
      put({ check: made, definition: owned, token, source: entry.source });
      const stored = state.checks.get(id);
      if (entry.source === "api" && stored !== undefined) persistence.saveCheck(stored);
      ids.add(id);
    });
    return ids;
  }

  function addOne(definition: ServiceDefinition, source: Source, replaceChecks: boolean): void {
    const entry: LocalService = { service: newService(definition), token: definition.token, source };
    putService(entry);
    const ids = putChecksOf(definition, entry);
    for (const { check } of state.checksOf(entry.service.ID)) {
      if (ids.has(check.CheckID)) continue;
      if (replaceChecks) self.removeCheck(check.CheckID);
    }
    refreshChecks(state, entry);
  }

  const self: Registrar = {
    addService(definition, source, replaceChecks) {
      const { sidecar, ...service } = definition;
      if (sidecar === undefined) addOne(service, source, replaceChecks);
      else {
        const placed = placeSidecar(sidecar, idOf(service), state.services, config().sidecarPorts);
        if (!placed.ok) return placed;
        const token = placed.value.token === "" ? service.token : placed.value.token;
        addOne(service, source, replaceChecks);
        addOne({ ...placed.value, token }, source, replaceChecks);
      }
      return ok(undefined);
    },
    removeService(id) {
      const sidecar = sidecarIdOf(id);
      if (state.services.has(sidecar)) self.removeService(sidecar);
      for (const { check } of state.checksOf(id)) {
        self.removeCheck(check.CheckID);
        // The catalog removes a service's checks with it.
        state.forgetRemovedCheck(check.CheckID);
      }
      if (state.removeService(id)) persistence.removeService(id);
    },
    addCheck(definition, source) {
      const service = definition.serviceId === "" ? null : (state.services.get(definition.serviceId) ?? null);
      if (definition.serviceId !== "" && service === null) {
        return fail(serverError("rejected", `ServiceID "${definition.serviceId}" does not exist`));
      }
      const id = definition.id === "" ? definition.name : definition.id;
      const token = definition.token === "" ? (service?.token ?? "") : definition.token;
      const named = { ...definition, id };
      // Consul leaves the type of a check from a file empty.
      const type = source === "config" ? "" : checkType(definition);
      put({
        check: newCheck(config().nodeName, named, type, service?.service ?? null),
        definition: named,
        token,
        source,
      });
      const stored = state.checks.get(id);
      if (source === "api" && stored !== undefined) persistence.saveCheck(stored);
      return ok(undefined);
    },
    removeCheck(id) {
      schedule.stop(id);
      if (state.removeCheck(id)) persistence.removeCheck(id);
    },
    report(id, status, output) {
      const ttl = schedule.ttl(id);
      const definition = state.checks.get(id)?.definition;
      if (ttl === null || definition === null || definition === undefined) {
        return fail(serverError("rejected", `CheckID "${id}" does not have associated TTL`));
      }
      const bytesMax =
        definition.outputBytesMax > 0 ? definition.outputBytesMax : config().checkOutputBytesMax;
      const kept = config().discardCheckOutput ? "" : trimmedOutput(output, bytesMax);
      ttl.report(kept);
      state.updateCheck(id, status, kept);
      persistence.saveCheckState(id, status, kept, ports.clock.now() + definition.ttlMillis);
      return ok(undefined);
    },
    addFixedCheck(check, token) {
      const entry: LocalCheck = { check, definition: null, token, source: "api" };
      state.setCheck(entry);
      persistence.saveCheck(entry);
    },
    applyConfig(next) {
      const services = new Set(
        next.services.flatMap((definition) => [
          idOf(definition),
          ...(definition.sidecar === undefined ? [] : [definition.sidecar.id]),
        ]),
      );
      const checks = new Set(
        next.checks.map((definition) => (definition.id === "" ? definition.name : definition.id)),
      );
      for (const [id, entry] of [...state.services])
        if (entry.source === "config" && !services.has(id)) self.removeService(id);
      for (const [id, entry] of [...state.checks]) {
        const loose = entry.source === "config" && !services.has(entry.check.ServiceID);
        if (loose && !checks.has(id)) self.removeCheck(id);
      }
      for (const definition of next.services) {
        const added = self.addService(definition, "config", true);
        if (!added.ok)
          ports.log(
            "error",
            `agent: service "${definition.name}" of the configuration: ${added.error.args[0] ?? ""}`,
          );
      }
      for (const definition of next.checks) {
        const added = self.addCheck(definition, "config");
        if (!added.ok)
          ports.log(
            "error",
            `agent: check "${definition.name}" of the configuration: ${added.error.args[0] ?? ""}`,
          );
      }
    },
    restore() {
      for (const entry of persistence.loadServices()) {
        if (!state.services.has(entry.service.ID)) state.setService(entry);
        else persistence.removeService(entry.service.ID); // the configuration has it now
      }
      for (const entry of persistence.loadChecks()) {
        const { CheckID, ServiceID } = entry.check;
        const orphaned = ServiceID !== "" && !state.services.has(ServiceID);
        if (orphaned || state.checks.has(CheckID)) persistence.removeCheck(CheckID);
        // A check that runs starts from its registered status again, not from what it last saw.
        else put({ ...entry, check: { ...entry.check, Node: config().nodeName, ...restartedStatus(entry) } });
      }
    },
    start() {
      stopReaper = ports.timers.after(reapIntervalMillis, reap);
    },
    stop() {
      stopReaper();
      schedule.stopAll();
    },
    counts: () => schedule.counts(),
  };

  function reap(): void {
    const due = reapCritical(state.checks.values(), criticalSince, ports.clock.now());
    criticalSince = due.since;
    for (const [service, check] of due.services) {
      ports.log("info", "agent: Check for service has been critical for too long; deregistered service", {
        service,
        check,
      });
      self.removeService(service);
    }
    stopReaper = ports.timers.after(reapIntervalMillis, reap);
  }

  return self;
}

function idOf(definition: ServiceDefinition): string {
  return definition.id === "" ? definition.name : definition.id;
}

/** Checks show the name and tags of their service as it is now. */
function refreshChecks(state: LocalState, entry: LocalService): void {
  const { ID, Service, Tags } = entry.service;
  for (const known of state.checksOf(ID)) {
    state.setCheck({ ...known, check: { ...known.check, ServiceName: Service, ServiceTags: [...Tags] } });
  }
}

function restartedStatus(entry: LocalCheck): { Status: string; Output: string } {
  if (entry.definition === null) return { Status: entry.check.Status, Output: entry.check.Output };
  const status = entry.definition.status === "" ? "critical" : entry.definition.status;
  return { Status: status, Output: "" };
}
