// Log lines, levels, and the banner.

import { describe, expect, it } from "vitest";
import { createLogger, logLine } from "../../agent/runtime/logger.ts";

const now = new Date("2026-11-21T14:00:00.000Z");

describe("the log", () => {
  it("writes lines in Consul's form", () => {
    expect(logLine(now, "info", "Started DNS server", { address: "127.0.0.1:8600", network: "udp" })).toBe(
      "2026-11-21T14:00:00.000Z [INFO]  agent: Started DNS server: address=127.0.0.1:8600 network=udp",
    );
    expect(logLine(now, "error", "agent.http: failed", { error: 'a "b"', n: 1, e: new Error("x y") })).toBe(
      '2026-11-21T14:00:00.000Z [ERROR] agent.http: failed: error="a \\"b\\"" n=1 e="x y"',
    );
    expect(logLine(now, "warn", "two\nlines")).toBe("2026-11-21T14:00:00.000Z [WARN]  agent: two\\nlines");
  });

  it("leaves out what is below its level, which can be changed", () => {
    const lines: string[] = [];
    const logger = createLogger("warn", (line) => lines.push(line));
    logger.log("info", "no");
    logger.log("warn", "yes");
    logger.setLevel("debug");
    logger.log("debug", "now");
    expect(lines.map((line) => line.slice(25))).toEqual(["[WARN]  agent: yes", "[DEBUG] agent: now"]);
  });
});
