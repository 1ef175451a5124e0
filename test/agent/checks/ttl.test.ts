import { expect, it } from "vitest";
import { createTtlTimer } from "../../../agent/checks/ttl.ts";
import type { AgentPorts } from "../../../agent/ports.ts";

it("expires once after the last report, and quotes it", () => {
  const armed: { millis: number; body: () => void; stopped: boolean }[] = [];
  const timers: AgentPorts["timers"] = {
    after(millis, body) {
      const timer = { millis, body, stopped: false };
      armed.push(timer);
      return () => {
        timer.stopped = true;
      };
    },
  };
  const results: unknown[] = [];
  const ttl = createTtlTimer(10_000, { timers }, (result) => results.push(result));
  ttl.report("fine");
  expect(armed.map((timer) => [timer.millis, timer.stopped])).toEqual([
    [10_000, true],
    [10_000, false],
  ]);
  armed[1]?.body();
  expect(results).toEqual([
    { status: "critical", output: "TTL expired (last output before timeout follows): fine" },
  ]);
});
