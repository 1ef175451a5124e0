// Alias checks: the health of another service or node as one's own (surface E). A service of this agent is watched in
// the local state; one of another node by blocking queries on its checks.

import type { Millis } from "../../shared/base/brand.ts";
import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import type { HealthCheck } from "../../shared/structs/check.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { OtherCheck } from "../../shared/structs/service-definition.ts";
import type { LocalCheck, LocalState } from "../local/state.ts";
import type { Timers } from "../ports.ts";
import { backoffMillis } from "../rpc/backoff.ts";
import type { CheckResult } from "./status.ts";

export type AliasParts = {
  readonly state: LocalState;
  readonly backend: Backend;
  readonly timers: Timers;
  readonly defer: (body: () => void) => void;
  random(): number;
  token(): string;
};

type Alias = OtherCheck & { readonly kind: "alias" };

/** Follows until the returned function is called. `checkId` is the alias itself, which does not follow itself. */
export function followAlias(
  parts: AliasParts,
  checkId: string,
  alias: Alias,
  update: (result: CheckResult) => void,
): () => void {
  return alias.node === ""
    ? followLocal(parts, checkId, alias, update)
    : followRemote(parts, checkId, alias, update);
}

function followLocal(
  parts: AliasParts,
  checkId: string,
  alias: Alias,
  update: (result: CheckResult) => void,
): () => void {
  let stopped = false;
  let due = false;
  // An update of ours is itself a change of the state: it is looked at in a later turn, and found to change nothing.
  const look = (): void => {
    if (due) return;
    due = true;
    parts.defer(() => {
      due = false;
      if (stopped) return;
      const checks = [...parts.state.checks.values()]
        .filter((entry) => !followsBack(parts.state, checkId, entry))
        .map(({ check }) => check);
      update(judgeAlias(checks, alias, checkId, parts.state.services.has(alias.service)));
    });
  };
  const stopListening = parts.state.onChange((change) => {
    if (change.kind === "service" || change.id !== checkId) look();
  });
  look();
  return () => {
    stopped = true;
    stopListening();
  };
}

function followRemote(
  parts: AliasParts,
  checkId: string,
  alias: Alias,
  update: (result: CheckResult) => void,
): () => void {
  let stopped = false;
  let stopTimer = (): void => {};
  let failures = 0;
  let minIndex = 0;
  const callbacks: (() => void)[] = [];
  const cancellation: Cancellation = {
    get aborted() {
      return stopped;
    },
    onAbort: (callback) => void callbacks.push(callback),
  };

  async function look(): Promise<void> {
    callbacks.length = 0;
    const found = await askNode(parts, alias, minIndex, cancellation);
    if (stopped) return;
    failures = found.ok ? 0 : failures + 1;
    if (found.ok) {
      minIndex = found.value.index;
      update(judgeAlias(found.value.checks, alias, checkId, found.value.exists));
    }
    // Never in a tight loop, whatever the servers answer.
    const pause = failures === 0 ? pauseMillis : backoffMillis(failures, parts.random());
    stopTimer = parts.timers.after(pause, () => void look());
  }

  void look();
  return () => {
    stopped = true;
    stopTimer();
    for (const callback of callbacks.splice(0)) callback();
  };
}

const pauseMillis: Millis = 100;

type NodeView = { readonly index: number; readonly checks: readonly HealthCheck[]; readonly exists: boolean };

async function askNode(
  parts: AliasParts,
  { node, service }: Alias,
  minIndex: number,
  cancellation: Cancellation,
): Promise<Result<NodeView, ServerError>> {
  const options: QueryOptions = {
    datacenter: "",
    token: parts.token(),
    consistency: "stale",
    minIndex,
    waitMillis: limits.blockingQueryWaitMillisDefault,
  };
  const checks = await parts.backend.call("Health.NodeChecks", { node, options }, cancellation);
  if (!checks.ok) return checks;
  const { meta, value } = checks.value;
  if (service === "") return ok({ index: meta.index, checks: value, exists: true });
  const plain = { ...options, minIndex: 0, waitMillis: 0 };
  const found = await parts.backend.call("Catalog.NodeServices", { node, options: plain }, cancellation);
  if (!found.ok) return found;
  const services = found.value.value?.Services ?? {};
  return ok({ index: meta.index, checks: value, exists: Object.hasOwn(services, service) });
}

/**
 * Whether a check is an alias that follows this one: a check of the node counts for every service, and so for every
 * alias. Two that followed each other would stay critical for ever, as they do in Consul.
 */
function followsBack(state: LocalState, checkId: string, { check, definition }: LocalCheck): boolean {
  if (check.Type !== "alias" && definition?.other?.kind !== "alias") return false;
  const own = state.checks.get(checkId)?.check.ServiceID ?? "";
  return own === "" || (definition?.other?.kind === "alias" && definition.other.service === own);
}

const aliasPrefixes = /^(?:Aliased check "[^"]*" failing: )+/;

/** Critical as soon as one check is, else warning, else passing; of a service its own checks and those of the node. */
export function judgeAlias(
  checks: readonly HealthCheck[],
  { node, service }: Alias,
  checkId: string,
  exists: boolean,
): CheckResult {
  if (service !== "" && !exists) {
    return { status: "critical", output: `Service ${service} could not be found on node ${node}` };
  }
  const followed = checks.filter(
    (check) => check.CheckID !== checkId && (check.ServiceID === "" || check.ServiceID === service),
  );
  const worst =
    followed.find((check) => check.Status === "critical") ??
    followed.find((check) => check.Status === "warning");
  if (worst === undefined) {
    return { status: "passing", output: followed.length === 0 ? "No checks found." : "All checks passing." };
  }
  const status = worst.Status === "critical" ? "critical" : "warning";
  // Of another alias only what failed in the end is repeated: aliases of one another would let the text grow for ever.
  const output = worst.Type === "alias" ? worst.Output.replace(aliasPrefixes, "") : worst.Output;
  return { status, output: `Aliased check "${worst.Name}" failing: ${output}` };
}
