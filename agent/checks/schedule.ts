// Runs the checks of this agent: when each is due, one run of a check at a time, results through the thresholds
// into the local state. Used by agent/local/registrar.ts.

import type { Millis } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import type { CheckDefinition, OtherCheck } from "../../shared/structs/service-definition.ts";
import { trimmedOutput } from "../local/state.ts";
import type { AgentPorts } from "../ports.ts";
import { runGrpcCheck } from "./grpc.ts";
import { runHttpCheck } from "./http.ts";
import { runProgramCheck } from "./program.ts";
import { type CheckResult, count, newThresholds } from "./status.ts";
import { runTcpCheck } from "./tcp.ts";
import { createTtlTimer, type TtlTimer } from "./ttl.ts";

type Running = {
  readonly definition: CheckDefinition;
  readonly stop: () => void;
  readonly ttl: TtlTimer | null;
};

export type CheckSchedule = {
  /** Starts (or restarts, when the definition differs) the check with this id. */
  start(id: string, definition: CheckDefinition): void;
  stop(id: string): void;
  stopAll(): void;
  /** The timer of a TTL check; null for anything else. */
  ttl(id: string): TtlTimer | null;
  /** How many checks are run by the agent, and how many wait for reports. */
  counts(): { readonly monitors: number; readonly ttls: number };
};

/** Starts to follow what an alias check stands for; returns how to stop. */
export type FollowAlias = (
  id: string,
  other: OtherCheck & { readonly kind: "alias" },
  update: (result: CheckResult) => void,
) => () => void;

/** `update` takes a believed result. */
export function createCheckSchedule(
  ports: Pick<AgentPorts, "timers" | "entropy" | "log" | "httpProbe" | "tcpProbe" | "otherProbes">,
  outputBytesMaxDefault: () => number,
  update: (id: string, result: CheckResult) => void,
  alias: FollowAlias = () => () => {},
): CheckSchedule {
  const running = new Map<string, Running>();

  function outputBytesMax(definition: CheckDefinition): number {
    return definition.outputBytesMax > 0 ? definition.outputBytesMax : outputBytesMaxDefault();
  }

  function probe(definition: CheckDefinition): Promise<CheckResult> {
    if (definition.http !== "") {
      return runHttpCheck(definition, ports.httpProbe, outputBytesMax(definition));
    }
    const { other } = definition;
    if (other === undefined) return runTcpCheck(definition, ports.tcpProbe);
    const probes = ports.otherProbes;
    if (probes === undefined || other.kind === "alias") {
      return Promise.resolve({
        status: "critical",
        output: `a check of kind ${other.kind} cannot be run here`,
      });
    }
    return other.kind === "grpc"
      ? runGrpcCheck(definition, other, probes.grpc)
      : runProgramCheck(definition, other, probes, outputBytesMax(definition));
  }

  function startAlias(
    id: string,
    definition: CheckDefinition,
    other: OtherCheck & { readonly kind: "alias" },
  ): Running {
    return { definition, ttl: null, stop: alias(id, other, (result) => update(id, result)) };
  }

  function begin(id: string, definition: CheckDefinition): Running {
    if (definition.ttlMillis > 0) return startTtl(id, definition);
    const { other } = definition;
    return other?.kind === "alias" ? startAlias(id, definition, other) : startMonitor(id, definition);
  }

  function startMonitor(id: string, definition: CheckDefinition): Running {
    const interval = minimumInterval(id, definition.intervalMillis);
    let thresholds = newThresholds(definition);
    let stopped = false;
    let stopTimer = ports.timers.after(interval * ports.entropy.random(), () => void run());

    async function run(): Promise<void> {
      const result = await probe(definition).catch(failedRun);
      if (stopped) return;
      const { next, reached } = count(thresholds, result.status);
      thresholds = next;
      if (reached) update(id, { ...result, output: trimmedOutput(result.output, outputRoom(definition)) });
      else
        ports.log("debug", "agent: check has not reached its threshold", {
          check: id,
          status: result.status,
        });
      stopTimer = ports.timers.after(interval, () => void run());
    }

    return {
      definition,
      ttl: null,
      stop() {
        stopped = true;
        stopTimer();
      },
    };
  }

  /** The limit is for what the probe returned; the words around it come on top. */
  function outputRoom(definition: CheckDefinition): number {
    return outputBytesMax(definition) + definition.http.length + 64;
  }

  function minimumInterval(id: string, interval: Millis): Millis {
    if (interval >= limits.checkIntervalMillisMin) return interval;
    ports.log("warn", "agent: check has interval below minimum", { check: id, minimum_interval: "1s" });
    return limits.checkIntervalMillisMin;
  }

  function startTtl(id: string, definition: CheckDefinition): Running {
    const ttl = createTtlTimer(definition.ttlMillis, ports, (result) => {
      ports.log("warn", "agent: Check missed TTL, is now critical", { check: id });
      update(id, result);
    });
    return { definition, ttl, stop: () => ttl.stop() };
  }

  function stop(id: string): void {
    running.get(id)?.stop();
    running.delete(id);
  }

  return {
    start(id, definition) {
      if (JSON.stringify(running.get(id)?.definition) === JSON.stringify(definition)) return;
      stop(id);
      running.set(id, begin(id, definition));
    },
    stop,
    stopAll() {
      for (const id of [...running.keys()]) stop(id);
    },
    ttl: (id) => running.get(id)?.ttl ?? null,
    counts() {
      const ttls = [...running.values()].filter((check) => check.ttl !== null).length;
      return { monitors: running.size - ttls, ttls };
    },
  };
}

function failedRun(cause: unknown): CheckResult {
  return { status: "critical", output: cause instanceof Error ? cause.message : String(cause) };
}
