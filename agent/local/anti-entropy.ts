// Keeps the catalog equal to what is registered here (surface G4). A local change is pushed at the end of the turn;
// a full comparison runs when a server was reached and every minute or two; a failure is tried again after 15 s.
// One sync runs at a time: plan (diff.ts), execute, mark.

import type { Millis } from "../../shared/base/brand.ts";
import type { Result } from "../../shared/base/result.ts";
import { errorMessage, type ServerError } from "../../shared/errors.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { AgentPorts } from "../ports.ts";
import { type Catalog, compare, type LocalNode, plan, type SyncStep } from "./diff.ts";
import type { LocalState } from "./state.ts";

const fullIntervalMillis: Millis = 60_000;
/** Where reading would wake servers that sleep: they say when this node's entries change, and this is a precaution. */
const watchedIntervalMillis: Millis = 3_600_000;
/** From news of this node to the comparison: our own writes are news, too, and come together. */
const newsMillis: Millis = 1_000;
const retryMillis: Millis = 15_000;
/** Registrations on the way at once: they travel in one frame and are committed as one batch. */
const stepsAtOnce = 128;

export type AntiEntropyConfig = {
  readonly node: LocalNode;
  readonly defaultToken: string;
  /** The servers may sleep: ask them to say when this node's entries change, instead of reading all the time. */
  readonly watches: boolean;
  /** 0: outputs are pushed like statuses. */
  readonly checkUpdateIntervalMillis: Millis;
};

export type AntiEntropy = {
  start(): void;
  stop(): void;
  /** A server is reachable (again), or the node's own description changed. */
  syncFully(): void;
  /** Nothing is known to be missing in the catalog and no sync is under way. */
  idle(): boolean;
};

type Wanted = "nothing" | "changes" | "full";

/** `linked` says whether asking a server makes sense now. */
export function createAntiEntropy(
  state: LocalState,
  backend: Backend,
  ports: Pick<AgentPorts, "log" | "timers" | "entropy" | "defer">,
  config: () => AntiEntropyConfig,
  linked: () => boolean,
): AntiEntropy {
  let running = false;
  let busy = false;
  let wanted: Wanted = "nothing";
  let nodeInSync = false;
  let nextTurn = false;
  let stopFull: () => void = () => {};
  let stopRetry: () => void = () => {};
  let stopWatch: () => void = () => {};
  const heldOutputs = new Map<string, () => void>();

  function want(what: Wanted): void {
    if (what === "full" || wanted === "nothing") wanted = what;
    if (!running || nextTurn) return;
    nextTurn = true;
    ports.defer(() => {
      nextTurn = false;
      void run();
    });
  }

  async function run(): Promise<void> {
    if (busy || !running || wanted === "nothing" || !linked()) return;
    busy = true;
    const what = wanted;
    wanted = "nothing";
    stopRetry();
    const error = await (what === "full" ? fullSync() : pushChanges()).catch(describe);
    busy = false;
    if (!running) return;
    if (what === "full") scheduleFull();
    if (error === null) {
      if (wanted !== "nothing") want(wanted);
      return;
    }
    const wait = retryMillis * (1 + ports.entropy.random());
    ports.log("warn", "agent.anti_entropy: failed to sync", { error, retryMillis: Math.round(wait) });
    stopRetry = ports.timers.after(wait, () => want("full"));
  }

  function scheduleFull(): void {
    stopFull();
    const interval = config().watches ? watchedIntervalMillis : fullIntervalMillis;
    stopFull = ports.timers.after(interval * (1 + ports.entropy.random()), () => want("full"));
  }

  /** Two queries that wait at a server, which forgets them when it sleeps and is told again when something changed. */
  function watch(servicesIndex: number, checksIndex: number): void {
    stopWatch();
    const { node, defaultToken, watches } = config();
    if (!watches) return;
    const leaving = createCanceller();
    stopWatch = leaving.cancel;
    const { cancellation } = leaving;
    const waiting = (minIndex: number): QueryOptions => ({
      ...readOptions(node.datacenter, defaultToken),
      minIndex,
      waitMillis: Number.POSITIVE_INFINITY,
    });
    const ofServices = { node: node.node, options: waiting(servicesIndex) };
    const ofChecks = { node: node.node, options: waiting(checksIndex) };
    const heard = (answer: Result<unknown, ServerError>): void => {
      if (cancellation.aborted || !answer.ok) return; // without a server a new link brings a full sync
      stopWatch();
      const stopNews = ports.timers.after(newsMillis, () => want("full"));
      stopWatch = stopNews;
    };
    void backend.call("Catalog.NodeServices", ofServices, cancellation).then(heard);
    void backend.call("Health.NodeChecks", ofChecks, cancellation).then(heard);
  }

  /** Reads what the catalog has, learns what agrees, and pushes the rest. Null, or what went wrong. */
  async function fullSync(): Promise<string | null> {
    const { node, defaultToken, checkUpdateIntervalMillis } = config();
    const options = readOptions(node.datacenter, defaultToken);
    const [services, checks] = await Promise.all([
      backend.call("Catalog.NodeServices", { node: node.node, options }),
      backend.call("Health.NodeChecks", { node: node.node, options }),
    ]);
    if (!services.ok) return errorMessage(services.error);
    if (!checks.ok) return errorMessage(checks.error);
    adopt({ node: services.value.value, checks: checks.value.value }, checkUpdateIntervalMillis > 0);
    watch(services.value.meta.index, checks.value.meta.index);
    return pushChanges();
  }

  /** Only entries that did not change while the catalog was read may be marked by what was read. */
  function adopt(catalog: Catalog, ignoreOutput: boolean): void {
    const { node } = config();
    const agreed = compare(state, node, catalog, ignoreOutput);
    nodeInSync = agreed.nodeInSync;
    for (const [id, tags] of agreed.tagsFromCatalog) {
      const entry = state.services.get(id);
      if (entry === undefined) continue;
      state.setService({ ...entry, service: { ...entry.service, Tags: [...tags] } });
    }
    state.unmarkAllExcept(agreed.services, agreed.checks);
    for (const id of agreed.services) {
      const entry = state.services.get(id);
      if (entry !== undefined) state.markService(entry);
    }
    for (const id of agreed.checks) {
      const entry = state.checks.get(id);
      if (entry !== undefined) state.markCheck(entry);
    }
    state.noteStrays(agreed.strayServices, agreed.strayChecks);
    const there = catalog.node?.Services ?? {};
    for (const id of [...state.removedServices.keys()])
      if (there[id] === undefined) state.forgetRemovedService(id);
    const known = new Set(catalog.checks.map((check) => check.CheckID));
    for (const id of [...state.removedChecks.keys()]) if (!known.has(id)) state.forgetRemovedCheck(id);
  }

  async function pushChanges(): Promise<string | null> {
    const { node, defaultToken } = config();
    const todo = plan(state, node, nodeInSync, defaultToken);
    let failed: string | null = null;
    if (todo.node !== null) {
      const answer = await execute(todo.node);
      if (answer.ok) nodeInSync = true;
      else failed = refused(todo.node, answer.error);
      if (failed !== null) return failed;
    }
    for (let start = 0; start < todo.steps.length; start += stepsAtOnce) {
      const batch = todo.steps.slice(start, start + stepsAtOnce);
      const answers = await Promise.all(batch.map(execute));
      for (const [i, answer] of answers.entries()) {
        const step = batch[i];
        if (step === undefined) continue;
        if (answer.ok) settle(step);
        else failed = refused(step, answer.error) ?? failed;
      }
    }
    return failed;
  }

  function execute(step: SyncStep): Promise<Result<unknown, ServerError>> {
    return step.kind === "register"
      ? backend.call("Catalog.Register", { registration: step.registration, token: step.token })
      : backend.call("Catalog.Deregister", { deregistration: step.deregistration, token: step.token });
  }

  function settle(step: SyncStep): void {
    if (step.kind === "register") {
      if (step.service !== null) state.markService(step.service);
      for (const check of step.checks) {
        state.markCheck(check);
        ports.log("info", "agent: Synced check", { check: check.check.CheckID });
      }
      if (step.service !== null)
        ports.log("info", "agent: Synced service", { service: step.service.service.ID });
      return;
    }
    const { ServiceID, CheckID } = step.deregistration;
    if (ServiceID !== "") state.forgetRemovedService(ServiceID);
    if (CheckID !== "") state.forgetRemovedCheck(CheckID);
    ports.log("info", "agent: Deregistered", { service: ServiceID, check: CheckID });
  }

  /** What the token may not do is not tried again until the next full sync; the rest goes on. */
  function refused(step: SyncStep, error: ServerError): string | null {
    const text = errorMessage(error);
    if (error.code !== "permissionDenied") return text;
    ports.log("warn", "agent: sync blocked by ACLs", { error: text });
    if (step.kind === "register") settle(step);
    return null;
  }

  function holdOutput(id: string): void {
    const interval = config().checkUpdateIntervalMillis;
    if (heldOutputs.has(id)) return;
    // Consul: half the interval plus a random part of it, so that many checks do not write together.
    const wait = interval / 2 + interval * ports.entropy.random();
    heldOutputs.set(
      id,
      ports.timers.after(wait, () => {
        heldOutputs.delete(id);
        state.unmarkCheck(id);
        want("changes");
      }),
    );
  }

  state.onChange((change) => {
    if (change.kind === "check-output" && config().checkUpdateIntervalMillis > 0)
      return holdOutput(change.id);
    if (change.kind === "check-output") state.unmarkCheck(change.id);
    if (change.kind === "check-status") {
      heldOutputs.get(change.id)?.();
      heldOutputs.delete(change.id);
    }
    want("changes");
  });

  return {
    start() {
      running = true;
      want("full");
    },
    stop() {
      running = false;
      stopFull();
      stopRetry();
      stopWatch();
      for (const stop of heldOutputs.values()) stop();
      heldOutputs.clear();
    },
    syncFully() {
      nodeInSync = false;
      want("full");
    },
    idle: () => !busy && wanted === "nothing" && !nextTurn,
  };
}

function readOptions(datacenter: string, token: string): QueryOptions {
  return { datacenter, token, consistency: "default", minIndex: 0, waitMillis: 0 };
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
