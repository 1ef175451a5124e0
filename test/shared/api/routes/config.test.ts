import { describe, expect, it } from "vitest";
import type { ApiContext } from "../../../../shared/api/http.ts";
import { createRouter } from "../../../../shared/api/router.ts";
import { configRoutes } from "../../../../shared/api/routes/config.ts";
import { discoveryChainRoutes } from "../../../../shared/api/routes/discovery-chain.ts";
import { internalUiRoutes } from "../../../../shared/api/routes/internal-ui.ts";
import { meshCatalogRoutes } from "../../../../shared/api/routes/mesh-catalog.ts";
import { ok } from "../../../../shared/base/result.ts";
import { nodeDump } from "../../../../shared/state/node-dump.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { check, service, testState } from "../../../support/state-builders.ts";

const seen: [string, unknown][] = [];
const meta = { index: 7, lastContactMillis: 0, knownLeader: true, consistency: "default" } as const;

function answering(value: (method: string) => unknown): ApiContext {
  return {
    backend: {
      call: (async (method: string, request: unknown) => {
        seen.push([method, request]);
        return ok(value(method));
      }) as unknown as ApiContext["backend"]["call"],
    },
    datacenter: "dc1",
    defaultToken: "",
    alwaysPretty: false,
  };
}
const router = createRouter([
  ...configRoutes,
  ...discoveryChainRoutes,
  ...internalUiRoutes,
  ...meshCatalogRoutes,
]);
const nothing = answering(() => ({ meta, value: null }));

describe("/v1/config", () => {
  it("answers what is missing with the index that to wait with", async () => {
    expect(await router.handle(doorRequest("GET /v1/config/service-defaults/a/b"), nothing)).toMatchObject({
      status: 404,
      body: 'Config entry not found for "service-defaults" / "a/b"',
      headers: { "X-Consul-Index": "7" },
    });
  });

  it.each([
    ["GET /v1/config/nope", 500, "invalid config entry kind: nope"],
    ["GET /v1/config/nope/x", 500, "invalid config entry kind: nope"],
    ["DELETE /v1/config/nope/x", 400, "invalid config entry kind: nope"],
    ["DELETE /v1/config/service-defaults", 404, "Must provide both a kind and name to delete"],
    ["PUT /v1/config", 400, "Bad request: Request decoding failed: EOF"],
  ])("%s: %i %s", async (line, status, body) => {
    expect(await router.handle(doorRequest(line), nothing)).toMatchObject({ status, body });
  });

  it("deletes and answers an empty object", async () => {
    const done = answering(() => true);
    expect((await router.handle(doorRequest("DELETE /v1/config/service-defaults/x"), done)).body).toBe("{}");
    expect(seen.at(-1)).toMatchObject(["ConfigEntry.Apply", { operation: "delete", entry: { Name: "x" } }]);
  });
});

describe("/v1/discovery-chain", () => {
  it("needs a service, and says where it is compiled for", async () => {
    expect(await router.handle(doorRequest("GET /v1/discovery-chain/"), nothing)).toMatchObject({
      status: 400,
      body: "Bad request: Missing chain name",
    });
    const chain = answering(() => ({ meta, value: ok({ ServiceName: "web" }) }));
    const reply = await router.handle(doorRequest("GET /v1/discovery-chain/web?compile-dc=dc2"), chain);
    expect(reply.body).toBe('{"Chain":{"ServiceName":"web"}}');
    expect(seen.at(-1)).toMatchObject(["DiscoveryChain.Get", { evaluateIn: "dc2" }]);
    expect(await router.handle(doorRequest("POST /v1/discovery-chain/web"), chain)).toMatchObject({
      status: 400,
      body: "Bad request: Request decoding failed: EOF",
    });
  });
});

describe("/v1/internal/ui", () => {
  const state = testState();
  state.register("n1", {
    Service: service("web", { Tags: ["b", "a"] }),
    Checks: [check("node"), check("web", { ServiceID: "web", Status: "critical" })],
  });
  state.register("n2", { Service: service("web") });
  let frozen = false;
  const context = answering((method) =>
    method === "Internal.NodeDump"
      ? { meta, value: nodeDump(state.sql, "").value }
      : method === "Operator.Health"
        ? { MembersFrozen: frozen, Reason: "4 of 9 members vanished" }
        : {
            meta,
            value: [
              {
                Gateway: { Name: "g" },
                Service: { Name: "web" },
                GatewayKind: "ingress-gateway",
                Port: 80,
                Hosts: ["x"],
              },
              { Gateway: { Name: "g" }, Service: { Name: "none" }, GatewayKind: "ingress-gateway", Port: 80 },
            ],
          },
  );
  const json = async (line: string) =>
    JSON.parse(String((await router.handle(doorRequest(line), context)).body)) as unknown;

  it("sums up services with their health", async () => {
    expect(await json("GET /v1/internal/ui/services")).toEqual([
      {
        Name: "web",
        Tags: ["a", "b"],
        Nodes: ["n1", "n2"],
        InstanceCount: 2,
        ChecksPassing: 1,
        ChecksWarning: 0,
        ChecksCritical: 1,
        ExternalSources: null,
        GatewayConfig: {},
      },
    ]);
    expect(await json("GET /v1/internal/ui/gateway-services-nodes/g")).toMatchObject([
      { Name: "web", InstanceCount: 2, GatewayConfig: { Addresses: ["x:80"] } },
      { Name: "none", Nodes: null, GatewayConfig: { Addresses: ["none.ingress.dc1.consul.:80"] } },
    ]);
  });

  it("shows nodes with all on them, filtered", async () => {
    const nodes = await json(`GET /v1/internal/ui/nodes?filter=${encodeURIComponent("Node == n2")}`);
    expect(nodes).toMatchObject([{ Node: "n2", Services: [{ Service: "web", Tags: null }], Checks: [] }]);
  });

  it("says in a header that nobody is expired, and why", async () => {
    for (const path of ["nodes", "services"]) {
      const headers = async () =>
        (await router.handle(doorRequest(`GET /v1/internal/ui/${path}`), context)).headers;
      frozen = false;
      expect(await headers()).not.toHaveProperty("X-Legate-Members-Frozen");
      frozen = true;
      expect(await headers()).toMatchObject({ "X-Legate-Members-Frozen": "4 of 9 members vanished" });
    }
  });

  it("counts only instances that pass a filter, and names what proxies stand for", async () => {
    state.register("n3", {
      Service: { ...service("web-proxy"), Kind: "connect-proxy", Proxy: { DestinationServiceName: "web" } },
    });
    const filter = encodeURIComponent("Node.Node == n3");
    expect(await json(`GET /v1/internal/ui/services?filter=${filter}`)).toMatchObject([
      { Name: "web-proxy", InstanceCount: 1, ProxyFor: ["web"] },
    ]);
    const wrong = await router.handle(doorRequest("GET /v1/internal/ui/services?filter=Name==x"), context);
    expect(wrong).toMatchObject({
      status: 500,
      body: expect.stringContaining('Selector "Name" is not valid'),
    });
  });

  it("wants the name of a service", async () => {
    expect(await router.handle(doorRequest("GET /v1/catalog/connect/"), context)).toMatchObject({
      status: 400,
      body: "Missing service name",
    });
  });
});
