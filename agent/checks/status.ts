// Thresholds: how many results in a row turn a check (surface E). The counters start primed, so the first result
// after a start decides at once in either direction.

import type { CheckDefinition } from "../../shared/structs/service-definition.ts";

export type CheckStatus = "passing" | "warning" | "critical";
export type CheckResult = { readonly status: CheckStatus; readonly output: string };

export type Thresholds = {
  readonly successBeforePassing: number;
  readonly failuresBeforeCritical: number;
  readonly successes: number;
  readonly failures: number;
};

/** Primed counters; a threshold of 0 is one of 1. */
export function newThresholds(
  definition: Pick<CheckDefinition, "successBeforePassing" | "failuresBeforeCritical">,
): Thresholds {
  const successBeforePassing = Math.max(1, definition.successBeforePassing);
  const failuresBeforeCritical = Math.max(1, definition.failuresBeforeCritical);
  return {
    successBeforePassing,
    failuresBeforeCritical,
    successes: successBeforePassing,
    failures: failuresBeforeCritical,
  };
}

/** The counters after a result, and whether it is to be believed: until then status and output stay as they are. */
export function count(
  thresholds: Thresholds,
  status: CheckStatus,
): { readonly next: Thresholds; readonly reached: boolean } {
  if (status === "critical") {
    const failures = thresholds.failures + 1;
    return {
      next: { ...thresholds, failures, successes: 0 },
      reached: failures >= thresholds.failuresBeforeCritical,
    };
  }
  const successes = thresholds.successes + 1;
  return {
    next: { ...thresholds, successes, failures: 0 },
    reached: successes >= thresholds.successBeforePassing,
  };
}
