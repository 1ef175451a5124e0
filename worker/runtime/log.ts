// One line of JSON per event on the console, which Workers Logs index by field.

import type { Log } from "../server/ports.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** Writes what is at least as grave as `least`; every line carries `server`. */
export function createLog(server: string, least: string | undefined): Log {
  const threshold = Math.max(0, levels.indexOf((least ?? "info") as (typeof levels)[number]));
  return (level, message, fields) => {
    if (levels.indexOf(level) < threshold) return;
    const line = JSON.stringify({ level, server, message, ...fields });
    if (level === "error") console.error(line);
    else if (level === "warn") console.warn(line);
    else console.log(line);
  };
}
