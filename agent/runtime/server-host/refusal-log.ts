// Log lines about who was refused at a port, bounded: whoever sends garbage without end must not fill the disk with it.

import type { Log } from "../../../worker/server/ports.ts";

const windowMillis = 60_000;
const linesMax = 20;

/** Writes at most 20 lines a minute, and then how many more there were. */
export function refusalLog(
  log: Log,
  now: () => number = Date.now,
): (address: string | undefined, why: string) => void {
  let since = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let left = 0;
  return (address, why) => {
    if (now() - since >= windowMillis) {
      if (left > 0) log("warn", "server: refused more connections", { count: left });
      since = now();
      lines = 0;
      left = 0;
    }
    lines += 1;
    if (lines <= linesMax) log("warn", "server: refused a connection", { from: address ?? "?", why });
    else left += 1;
  };
}
