// /v1/agent/metrics, host, version, monitor and token.

import { describe, expect, it } from "vitest";
import type { AgentContext } from "../../../agent/http/context.ts";
import { agentMetricsRoutes } from "../../../agent/http/routes/agent-metrics.ts";
import { standardTelemetryConfig } from "../../../agent/config/telemetry-config.ts";
import { createMetrics } from "../../../agent/telemetry/metrics.ts";
import { isStreamBody } from "../../../shared/api/http.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { doorRequest } from "../../support/door-request.ts";
import { aConfig } from "../rpc/virtual-world.ts";

function scene(retention = 0) {
  const telemetry = { ...standardTelemetryConfig, prometheusRetentionMillis: retention };
  const followers: ((line: string) => void)[] = [];
  const context = {
    config: aConfig({ telemetry }),
    alwaysPretty: false,
    telemetry: {
      metrics: createMetrics(
        () => telemetry,
        "vm",
        () => 0,
        [],
      ),
      prometheus: () => "# page\n",
    },
    followLog: (_level: string, _json: boolean, line: (text: string) => void) => {
      followers.push(line);
      return () => void followers.splice(0);
    },
    describeHost: () => ({ Errors: null }),
  } as unknown as AgentContext;
  const router = createRouter<AgentContext>(agentMetricsRoutes);
  return { followers, ask: (line: string) => router.handle(doorRequest(line), context) };
}

describe("what an agent tells of itself", () => {
  it("is metrics as JSON, and for Prometheus when that is turned on", async () => {
    expect((await scene().ask("GET /v1/agent/metrics")).body).toContain('"Gauges":[]');
    expect(await scene().ask("GET /v1/agent/metrics?format=prometheus")).toMatchObject({
      status: 415,
      body: "Prometheus is not enabled since its retention time is not positive",
    });
    expect(await scene(1_000).ask("GET /v1/agent/metrics?format=prometheus")).toMatchObject({
      status: 200,
      body: "# page\n",
      headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  });

  it("is its host, its version, and that tokens have no meaning yet", async () => {
    expect(await scene().ask("GET /v1/agent/host")).toMatchObject({ status: 200, body: '{"Errors":null}' });
    expect((await scene().ask("GET /v1/agent/version")).body).toContain('"HumanVersion":"1.8.7"');
    expect(await scene().ask("PUT /v1/agent/token/default")).toMatchObject({ status: 401 });
  });

  it("is its log, line by line, until the reader leaves", async () => {
    const { ask, followers } = scene();
    expect(await ask("GET /v1/agent/monitor?loglevel=nope")).toMatchObject({
      status: 400,
      body: "Bad request: Unknown log level: nope",
    });
    const { body } = await ask("GET /v1/agent/monitor?loglevel=DEBUG");
    if (!isStreamBody(body)) throw new Error("the log is a stream");
    const pieces: string[] = [];
    let leave = (): void => {};
    const ended = body.stream(async (piece) => void pieces.push(String(piece)), {
      aborted: false,
      onAbort: (callback) => {
        leave = callback;
      },
    });
    followers[0]?.("first");
    followers[0]?.("second");
    await Promise.resolve();
    await Promise.resolve();
    leave();
    await ended;
    expect(pieces.join("")).toBe("first\nsecond\n");
    expect(followers).toEqual([]);
  });
});
