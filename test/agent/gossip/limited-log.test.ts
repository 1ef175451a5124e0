// Lines that others can cause.

import { describe, expect, it } from "vitest";
import { limitedLog } from "../../../agent/gossip/limited-log.ts";

describe("a limited log", () => {
  it("passes ten lines in ten seconds and counts the rest", () => {
    const seen: string[] = [];
    let now = 0;
    const log = limitedLog(
      (level, message) => seen.push(`${level} ${message}`),
      () => now,
    );
    for (let line = 0; line < 500; line += 1) log("warn", `nonsense ${line}`);
    log("debug", "asked for");
    expect(seen).toHaveLength(11);
    now = 10_000;
    log("warn", "later");
    expect(seen.slice(-2)).toEqual([
      "warn gossip: 490 more lines like the last ones were left out",
      "warn later",
    ]);
  });
});
