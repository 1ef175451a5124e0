// What is asked of the servers for a name.

import { describe, expect, it } from "vitest";
import { isHealthy, lookupNode, lookupQuery, lookupService } from "../../../agent/dns/lookup.ts";
import { check, fakeBackend, instance, node, settings } from "./support.ts";

describe("lookups", () => {
  it("take warning instances unless only passing ones are wanted", () => {
    const warns = instance("n", "10.0.0.1", {
      service: "w",
      checks: [check("passing", ""), check("warning", "w")],
    });
    expect([isHealthy(warns, false), isHealthy(warns, true)]).toEqual([true, false]);
    const down = instance("n", "10.0.0.1", { service: "w", checks: [check("critical", "")] });
    expect(isHealthy(down, false)).toBe(false);
  });

  it("read stale and pass on what failed", async () => {
    const seen: unknown[] = [];
    const inner = fakeBackend([instance("n", "10.0.0.1", { service: "w" })], [node("n", "10.0.0.1")]);
    const backend: typeof inner = {
      call: (method, request) => {
        seen.push(request);
        return inner.call(method, request);
      },
    };
    expect(await lookupService({ backend: backend }, settings, "w", "")).toMatchObject({
      ok: true,
      value: [{}],
    });
    expect(await lookupNode({ backend: backend }, settings, "n")).toMatchObject({
      ok: true,
      value: { Node: "n" },
    });
    expect(await lookupNode({ backend: backend }, settings, "none")).toEqual({ ok: true, value: null });
    expect(seen).toMatchObject(seen.map(() => ({ options: { consistency: "stale", minIndex: 0 } })));
    const failing = fakeBackend([], [], "noServers");
    expect((await lookupService({ backend: failing }, settings, "w", "")).ok).toBe(false);
  });

  it("execute prepared queries for the agent that is asked", async () => {
    const inner = fakeBackend([], []);
    const seen: unknown[] = [];
    const backend: typeof inner = {
      call: (method, request) => {
        seen.push([method, request]);
        return inner.call(method, request);
      },
    };
    expect(await lookupQuery({ backend: backend }, settings, "geo-web")).toEqual({ ok: true, value: null });
    expect(seen).toMatchObject([
      ["PreparedQuery.Execute", { idOrName: "geo-web", agentNode: "agent1", options: { minIndex: 0 } }],
    ]);
    expect((await lookupQuery({ backend: fakeBackend([], [], "noServers") }, settings, "q")).ok).toBe(false);
  });
});
