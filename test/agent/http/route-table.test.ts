import { describe, expect, it } from "vitest";
import { agentCheckRoutes } from "../../../agent/http/routes/agent-checks.ts";
import { agentGossipRoutes } from "../../../agent/http/routes/agent-gossip.ts";
import { agentHealthRoutes } from "../../../agent/http/routes/agent-health.ts";
import { agentMaintenanceRoutes } from "../../../agent/http/routes/agent-maintenance.ts";
import { agentMetricsRoutes } from "../../../agent/http/routes/agent-metrics.ts";
import { agentSelfRoutes } from "../../../agent/http/routes/agent-self.ts";
import { agentServiceRoutes } from "../../../agent/http/routes/agent-services.ts";
import { eventRoutes } from "../../../agent/http/routes/event.ts";
import { operatorKeyringRoutes } from "../../../agent/http/routes/operator-keyring.ts";
import { problemReply } from "../../../agent/http/routes/problem-reply.ts";
import { debugConfig } from "../../../agent/http/routes/debug-config.ts";
import { agentRoutes } from "../../../agent/http/routes/index.ts";
import { agentService } from "../../../shared/structs/agent-service.ts";
import { rootRoutes } from "../../../agent/http/routes/root.ts";
import { consulVersion } from "../../../shared/version.ts";
import { decodeProblem } from "../../../shared/structs/parse-problem.ts";
import { aService } from "../local/builders.ts";
import { aConfig } from "../rpc/virtual-world.ts";

describe("routes of the agent", () => {
  it("lists each area's routes once, all but the root and the keyring under /v1/agent/ or /v1/event/", () => {
    const areas = [
      rootRoutes,
      agentSelfRoutes,
      agentServiceRoutes,
      agentCheckRoutes,
      agentMaintenanceRoutes,
      agentHealthRoutes,
      agentMetricsRoutes,
      agentGossipRoutes,
      operatorKeyringRoutes,
      eventRoutes,
    ];
    expect(agentRoutes.length).toBe(areas.flat().length);
    expect(new Set(agentRoutes.map((route) => `${route.method} ${route.path}`)).size).toBe(
      agentRoutes.length,
    );
    const elsewhere = agentRoutes.filter(
      (route) => !route.path.startsWith("/v1/agent/") && !route.path.startsWith("/v1/event/"),
    );
    expect(elsewhere).toEqual([...operatorKeyringRoutes, ...rootRoutes]);
  });

  it("prints a service in Consul's order of fields", () => {
    const service = {
      ...aService("p"),
      Kind: "connect-proxy",
      TaggedAddresses: { lan: { Address: "a", Port: 1 } },
    };
    expect(Object.keys(agentService(service)).join(" ")).toBe(
      "Kind ID Service Tags Meta Port Address TaggedAddresses Weights EnableTagOverride Proxy",
    );
  });

  it("hides secrets in DebugConfig and states the API's version", () => {
    const shown = debugConfig(aConfig({ edgeToken: "s3cret", defaultToken: "t0ken" }));
    expect(JSON.stringify(shown)).not.toMatch(/s3cret|t0ken/);
    expect(shown.Version).toBe(consulVersion);
  });

  it("answers a body that cannot be decoded with 400", () => {
    expect(problemReply(decodeProblem("x"))).toMatchObject({ status: 400, body: "Request decode failed: x" });
  });
});
