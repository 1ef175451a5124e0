// Leaving in order: the servers are told and the pool is told, and together they stay within a bound that is the sum of
// what each may take, so that no leave is cut off with its goodbye unsaid. Used by agent.ts and agent/runtime/run-agent.ts.

import type { Millis } from "../shared/base/brand.ts";
import { consulSerfDefaults } from "../shared/serf/state.ts";
import type { Timers } from "./ports.ts";

/** A server is out of raft's group before the pool shows it as left, unless its group has no leader. */
export const serverFirstMillis: Millis = 2_000;

const { broadcastTimeoutMillis, leavePropagateMillis } = consulSerfDefaults;
/** The intent, the goodbye, and the time in which it goes round. */
const poolMillisMax: Millis = 2 * broadcastTimeoutMillis + leavePropagateMillis;

/** What a leave takes at most: 15 s, Consul's graceful timeout. */
export const leaveMillisMax: Millis = serverFirstMillis + poolMillisMax;

/**
 * Ends when servers and pool have been told, or the time is over. An agent tells both at once; a server leaves raft's
 * group first, because the others would drop its connections with its member. `servers`: under way already.
 */
export async function leaveBoth(
  servers: Promise<void>,
  leavePool: () => Promise<void> | undefined,
  isServer: boolean,
  timers: Timers,
): Promise<void> {
  if (isServer) await inTime(servers, serverFirstMillis, timers);
  const pool = leavePool() ?? Promise.resolve();
  await inTime(Promise.all([servers, pool]), poolMillisMax, timers);
}

/** Whatever comes first: the end of the work, well or not, or that of the time. */
function inTime(work: Promise<unknown>, millis: Millis, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const stop = timers.after(millis, resolve);
    const end = (): void => {
      stop();
      resolve();
    };
    work.then(end, end);
  });
}
