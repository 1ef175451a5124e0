// TTL checks: whoever is checked reports in time, or the check turns critical (surface E). Each report starts the
// time anew and is written down, so that a restart of the agent does not turn everything critical.

import type { Millis } from "../../shared/base/brand.ts";
import { expiredOutput } from "../../shared/structs/check.ts";
import type { AgentPorts } from "../ports.ts";
import type { CheckResult } from "./status.ts";

export type TtlTimer = {
  /** A report came in: `output` is what an expiry will quote. */
  report(output: string, remainingMillis?: Millis): void;
  stop(): void;
};

/** Runs from now on; `expired` may be called once after each report. */
export function createTtlTimer(
  ttlMillis: Millis,
  ports: Pick<AgentPorts, "timers">,
  expired: (result: CheckResult) => void,
): TtlTimer {
  let lastOutput = "";
  let stopTimer = arm(ttlMillis);

  function arm(millis: Millis): () => void {
    return ports.timers.after(millis, () =>
      expired({ status: "critical", output: expiredOutput(lastOutput) }),
    );
  }

  return {
    report(output, remainingMillis = ttlMillis) {
      stopTimer();
      lastOutput = output;
      stopTimer = arm(remainingMillis);
    },
    stop: () => stopTimer(),
  };
}
