// Joining a pool at start: once (start_join, whose failure ends the agent) and again and again until it works
// (retry_join).

import type { Millis } from "../../shared/base/brand.ts";
import type { Log, Timers } from "../ports.ts";

export type JoinOutcome = {
  /** How many of the addresses were joined. */
  readonly joined: number;
  readonly errors: readonly string[];
};

export type RetryJoin = {
  readonly addresses: readonly string[];
  readonly intervalMillis: Millis;
  /** 0: for ever. */
  readonly triesMax: number;
};

/** Tries until one address was joined; `exhausted` when the tries are used up. The returned function stops it. */
export function startRetryJoin(
  settings: RetryJoin,
  join: (addresses: readonly string[]) => Promise<JoinOutcome>,
  ports: { readonly timers: Timers; readonly log: Log },
  exhausted: () => void,
): () => void {
  const { addresses, intervalMillis, triesMax } = settings;
  const { timers, log } = ports;
  let stopped = addresses.length === 0;
  let stopTimer: () => void = () => {};
  let tries = 0;

  async function attempt(): Promise<void> {
    if (stopped) return;
    tries += 1;
    const { joined, errors } = await join(addresses);
    if (stopped) return;
    if (joined > 0) {
      log("info", "agent: Join cluster completed. Synced with initial agents", {
        cluster: "LAN",
        num_agents: joined,
      });
      return;
    }
    if (triesMax > 0 && tries >= triesMax) {
      log("error", "agent: max join retry exhausted, exiting", { cluster: "LAN", error: errors.join("; ") });
      exhausted();
      return;
    }
    log("warn", "agent: Join cluster failed, will retry", {
      cluster: "LAN",
      retry_interval: `${intervalMillis / 1_000}s`,
      error: errors.join("; "),
    });
    stopTimer = timers.after(intervalMillis, () => void attempt());
  }

  if (!stopped) {
    log("info", "agent: Joining cluster...", { cluster: "LAN", addresses: addresses.join(" ") });
    void attempt();
  }
  return () => {
    stopped = true;
    stopTimer();
  };
}
