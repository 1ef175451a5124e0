import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { catalogRoutes } from "../../../../shared/api/routes/catalog.ts";
import { healthRoutes } from "../../../../shared/api/routes/health.ts";
import { statusRoutes } from "../../../../shared/api/routes/status.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const badFilter = "Failed to create boolean expression evaluator: ";

const node = {
  ID: "",
  Node: "n1",
  Address: "10.0.0.1",
  Datacenter: "dc1",
  TaggedAddresses: null,
  Meta: null,
  CreateIndex: 5,
  ModifyIndex: 5,
};

function world() {
  const backend = fakeBackend({
    "Status.Leader": () => "127.0.0.1:8300",
    "Status.Peers": () => ["127.0.0.1:8300"],
    "Catalog.Register": () => true,
    "Catalog.Deregister": () => true,
    "Catalog.ListDatacenters": () => ["dc1"],
    "Catalog.ListNodes": () => ({ meta: fakeMeta, value: [node] }),
    "Catalog.ListServices": () => ({ meta: fakeMeta, value: { consul: [] } }),
    "Catalog.ServiceNodes": () => ({ meta: fakeMeta, value: [] }),
    "Catalog.NodeServices": (request) => ({
      meta: fakeMeta,
      value: request.node === "n1" ? { Node: node, Services: {} } : null,
    }),
    "Health.NodeChecks": () => ({ meta: fakeMeta, value: [] }),
    "Health.ServiceChecks": () => ({ meta: fakeMeta, value: [] }),
    "Health.ChecksInState": () => ({ meta: fakeMeta, value: [] }),
    "Health.ServiceNodes": () => ({ meta: fakeMeta, value: [] }),
  });
  const router = createRouter([...catalogRoutes, ...healthRoutes, ...statusRoutes]);
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
  const ask = (line: string, body = "") => router.handle(doorRequest(line, body), context);
  return { backend, ask };
}

const queryHeaders = {
  "Content-Type": "application/json",
  "X-Consul-Effective-Consistency": "leader",
  "X-Consul-Index": "7",
  "X-Consul-Knownleader": "true",
  "X-Consul-Lastcontact": "0",
};

describe("catalog, health and status", () => {
  it.each([
    ["/v1/catalog/nodes", JSON.stringify([node])],
    ["/v1/catalog/services?filter=ignored", '{"consul":[]}'],
    ["/v1/catalog/service/none", "[]"],
    ["/v1/catalog/node/n1", `{"Node":${JSON.stringify(node)},"Services":{}}`],
    ["/v1/catalog/node/none", "null"],
    ["/v1/catalog/node-services/n1", `{"Node":${JSON.stringify(node)},"Services":null}`],
    ["/v1/catalog/node-services/none", '{"Node":null,"Services":null}'],
    ["/v1/health/node/x", "[]"],
    ["/v1/health/checks/x", "[]"],
    ["/v1/health/state/any", "[]"],
    ["/v1/health/service/a/b?passing=False&near=_agent", "[]"],
  ])("GET %s has query headers with the consistency", async (path, body) => {
    const { status, headers, body: answered } = await world().ask(`GET ${path}`);
    expect({ status, headers, body: answered }).toEqual({ status: 200, headers: queryHeaders, body });
  });

  it.each([
    ["/v1/status/leader?dc=dc1", '"127.0.0.1:8300"'],
    ["/v1/status/peers", '["127.0.0.1:8300"]'],
    ["/v1/catalog/datacenters", '["dc1"]'],
  ])("GET %s has no index", async (path, body) => {
    const headers = { "Content-Type": "application/json" };
    expect(await world().ask(`GET ${path}`)).toEqual({ status: 200, headers, body });
  });

  it.each([
    ["/v1/health/node/", 400, "Missing node name"],
    ["/v1/health/service/", 400, "Missing service name"],
    ["/v1/health/checks/", 400, "Missing service name"],
    ["/v1/health/state/", 400, "Missing check state"],
    ["/v1/catalog/service/", 400, "Missing service name"],
    ["/v1/catalog/node/", 400, "Missing node name"],
    ["/v1/catalog/node-services/", 400, "Missing node name"],
    ["/v1/health/service/x?passing=no", 400, "Invalid value for ?passing"],
    ["/v1/status/leader?dc=zz", 500, "No path to datacenter"],
    ["/v1/catalog/nodes?filter=a%3D%3Db", 500, `${badFilter}Selector "a" is not valid`],
    [
      "/v1/health/service/x?filter=Checks%3D%3Da",
      500,
      `${badFilter}Invalid match operator "Equal" for selector "Checks"`,
    ],
  ])("GET %s is refused", async (path, status, body) => {
    expect(await world().ask(`GET ${path}`)).toMatchObject({ status, body });
  });

  it("filters rows, and the services of a node", async () => {
    const ask = world().ask;
    expect((await ask("GET /v1/catalog/nodes?filter=Node%3D%3Dn1")).body).toContain('"n1"');
    expect((await ask("GET /v1/catalog/nodes?filter=Node%3D%3Dn2")).body).toBe("[]");
    expect((await ask("GET /v1/catalog/node/n1?filter=ID%3D%3Dzz")).body).toContain('"Services":{}');
  });

  it("sends query headers with an error from behind the border, and none with a bad request", async () => {
    expect((await world().ask("GET /v1/catalog/nodes?dc=nope")).headers).toEqual({
      "Content-Type": "text/plain; charset=utf-8",
      "X-Consul-Index": "1",
      "X-Consul-Knownleader": "false",
      "X-Consul-Lastcontact": "0",
    });
    expect((await world().ask("GET /v1/catalog/nodes?index=abc")).headers).toEqual({
      "Content-Type": "text/plain; charset=utf-8",
    });
  });

  it("passes tags, metadata and ?passing on", async () => {
    const { ask, backend } = world();
    await ask("GET /v1/health/service/web?tag=a&tag=b&passing&node-meta=rack:1&index=3&wait=1s");
    expect(backend.calls[0]?.request).toEqual({
      service: "web",
      tags: ["a", "b"],
      passingOnly: true,
      nodeMeta: { rack: "1" },
      options: { datacenter: "", token: "", consistency: "default", minIndex: 3, waitMillis: 1000 },
    });
  });

  it("registers and deregisters", async () => {
    const { ask, backend } = world();
    expect(await ask("PUT /v1/catalog/register?dc=zz", '{"Node":"n","Address":"a"}')).toMatchObject({
      body: "true",
    });
    expect(await ask("PUT /v1/catalog/deregister", '{"Node":"n"}')).toMatchObject({
      status: 200,
      body: "true",
    });
    expect(backend.calls.map((call) => call.method)).toEqual(["Catalog.Register", "Catalog.Deregister"]);
    expect(await ask("PUT /v1/catalog/register", "")).toMatchObject({
      status: 400,
      body: "Request decode failed: EOF",
    });
  });
});
