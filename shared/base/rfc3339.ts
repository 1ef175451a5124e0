// Wall clock times as Go prints them in JSON (RFC 3339, UTC).

import type { Millis } from "./brand.ts";

/** "2026-11-21T16:19:23Z": whole seconds. */
export function rfc3339Seconds(millis: Millis): string {
  return new Date(Math.floor(millis / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
