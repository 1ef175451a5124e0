// A log for what others can cause at will: who sends nonsense must not fill our disk.

import type { Millis } from "../../shared/base/brand.ts";
import type { Log } from "../ports.ts";

const windowMillis: Millis = 10_000;
const linesMax = 10;

/** Passes ten lines in ten seconds; then says how many it has left out. Debug and trace pass, for who asks for them. */
export function limitedLog(log: Log, now: () => Millis): Log {
  let windowEnds = 0;
  let lines = 0;
  return (level, message, fields) => {
    if (level === "debug" || level === "trace") {
      log(level, message, fields);
      return;
    }
    const at = now();
    if (at >= windowEnds) {
      if (lines > linesMax)
        log("warn", `gossip: ${lines - linesMax} more lines like the last ones were left out`);
      windowEnds = at + windowMillis;
      lines = 0;
    }
    lines += 1;
    if (lines <= linesMax) log(level, message, fields);
  };
}
