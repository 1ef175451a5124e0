// The Worker's /v1/agent API over three real servers in memory: reports, elections, what is refused.

import { expect, it } from "vitest";
import { createRouter } from "../../../../../shared/api/router.ts";
import { edgeCheckRoutes } from "../../../../../shared/api/routes/edge/checks.ts";
import { edgeNode } from "../../../../../shared/api/routes/edge/node.ts";
import { edgeRefusals } from "../../../../../shared/api/routes/edge/refusals.ts";
import { edgeSelfRoutes } from "../../../../../shared/api/routes/edge/self.ts";
import { edgeServiceRoutes } from "../../../../../shared/api/routes/edge/services.ts";
import { routes } from "../../../../../shared/api/routes/index.ts";
import { doorRequest } from "../../../../support/door-request.ts";
import { MemoryCluster } from "../../../../support/memory-cluster.ts";
import { watch } from "../../../../support/virtual-time.ts";

const web = {
  Name: "web",
  ID: "web-1",
  Address: "203.0.113.5",
  Port: 443,
  Check: { TTL: "10s", DeregisterCriticalServiceAfter: "2m" },
};

async function edge() {
  const cluster = new MemoryCluster();
  const leader = await cluster.leader();
  const router = createRouter([
    ...routes,
    ...edgeSelfRoutes,
    ...edgeServiceRoutes,
    ...edgeCheckRoutes,
    ...edgeRefusals,
  ]);
  let server = leader;
  const ask = async (line: string, body?: unknown) => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const context = {
      backend: cluster.server(server).backend,
      datacenter: "dc1",
      defaultToken: "",
      alwaysPretty: false,
    };
    const reply = watch(Promise.resolve(router.handle(doorRequest(line, text), context)));
    await cluster.time.advance(100);
    return {
      status: reply.value?.status,
      body: String(reply.value?.body ?? ""),
      headers: reply.value?.headers,
    };
  };
  const status = async () => {
    const checks = JSON.parse((await ask("GET /v1/health/checks/web")).body) as {
      Status: string;
      Output: string;
    }[];
    return checks.map((check) => `${check.Status} ${check.Output}`.trim());
  };
  const elsewhere = (id: string) => {
    server = id;
  };
  return { cluster, leader, ask, status, elsewhere };
}

it("keeps a service healthy for as long as reports come in time", async () => {
  const { cluster, ask, status } = await edge();
  expect(await ask("PUT /v1/agent/service/register", web)).toMatchObject({ status: 200, body: "" });
  expect(await status()).toEqual(["critical"]);
  expect((await ask("PUT /v1/agent/check/pass/service:web-1?note=fine")).status).toBe(200);
  for (let round = 0; round < 3; round++) {
    await cluster.time.advance(9_000);
    expect(await status()).toEqual(["passing fine"]);
    await ask("PUT /v1/agent/check/pass/service:web-1?note=fine");
  }
  await cluster.time.advance(11_000);
  expect(await status()).toEqual(["critical TTL expired (last output before timeout follows): fine"]);
  expect(JSON.parse((await ask("GET /v1/health/service/web?passing")).body)).toEqual([]);
});

it("does so after the leader is gone, whose successor knows the times", async () => {
  const { cluster, leader, ask, status, elsewhere } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  await ask("PUT /v1/agent/check/update/service:web-1", { Status: "warning", Output: "slow" });
  cluster.stop(leader);
  elsewhere(cluster.hosts.find((host) => host.isUp)?.id ?? "");
  await ask("GET /v1/kv/x?consistent");
  await cluster.leader();
  expect(await status()).toEqual(["warning slow"]);
  await cluster.time.advance(11_000);
  expect((await status())[0]).toContain("critical TTL expired");
});

it("takes a service out that was critical for too long", async () => {
  const { cluster, ask } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  await ask("PUT /v1/agent/check/pass/service:web-1");
  await cluster.time.advance(100_000);
  expect(Object.keys(JSON.parse((await ask("GET /v1/agent/services")).body))).toEqual(["web-1"]);
  await cluster.time.advance(60_000);
  expect((await ask("GET /v1/agent/services")).body).toBe("{}");
});

it("keeps the status of a check that is registered again, and drops the others when asked", async () => {
  const { ask, status } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  await ask("PUT /v1/agent/check/register", { Name: "extra", ServiceID: "web-1", TTL: "30s" });
  await ask("PUT /v1/agent/check/pass/service:web-1");
  await ask("PUT /v1/agent/service/register", web);
  expect((await status()).sort()).toEqual(["critical", "passing"]);
  await ask("PUT /v1/agent/service/register?replace-existing-checks", web);
  expect(await status()).toEqual(["passing"]);
});

it("removes what is deregistered, its time included", async () => {
  const { cluster, leader, ask } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  await ask("PUT /v1/agent/check/register", { Name: "own", TTL: "30s" });
  expect(Object.keys(JSON.parse((await ask("GET /v1/agent/checks")).body))).toEqual(["own", "service:web-1"]);
  await ask("PUT /v1/agent/check/deregister/own");
  await ask("PUT /v1/agent/service/deregister/web-1");
  expect((await ask("GET /v1/agent/checks")).body).toBe("{}");
  expect(cluster.host(leader).sql.exec("SELECT * FROM check_ttls")).toEqual([]);
  expect(await ask("PUT /v1/agent/check/pass/own")).toMatchObject({
    status: 500,
    body: 'CheckID "own" does not have associated TTL',
  });
});

it("refuses what only an agent can do, and writes nothing", async () => {
  const { ask } = await edge();
  const http = { ...web, Check: { HTTP: "http://203.0.113.5/", Interval: "10s" } };
  expect((await ask("PUT /v1/agent/service/register", http)).body).toContain("report a TTL check");
  const { Address: _none, ...nowhere } = web;
  expect((await ask("PUT /v1/agent/service/register", nowhere)).body).toContain("needs an Address");
  const orphan = { Name: "c", ServiceID: "nope", TTL: "10s" };
  expect(await ask("PUT /v1/agent/check/register", orphan)).toMatchObject({
    status: 500,
    body: 'ServiceID "nope" does not exist',
  });
  expect((await ask("PUT /v1/agent/check/update/x", { Status: "odd" })).status).toBe(400);
  expect((await ask("GET /v1/agent/services")).body).toBe("{}");
  expect(JSON.parse((await ask("GET /v1/catalog/nodes")).body)).toEqual([]);
});

it("says who it is and who the members are", async () => {
  const { ask } = await edge();
  const self = JSON.parse((await ask("GET /v1/agent/self")).body) as { Config: unknown };
  expect(self.Config).toMatchObject({ Datacenter: "dc1", NodeName: edgeNode.name, Server: true });
  const members = JSON.parse((await ask("GET /v1/agent/members")).body) as { Name: string }[];
  expect(members.map((member) => member.Name)).toEqual(["server-1", "server-2", "server-3"]);
});

it("puts a service into maintenance, and says its health as a status code", async () => {
  const { ask } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  await ask("PUT /v1/agent/check/pass/service:web-1");
  expect((await ask("GET /v1/agent/health/service/id/web-1")).status).toBe(200);
  const on = "PUT /v1/agent/service/maintenance/web-1?enable=true&reason=upgrade";
  expect(await ask(on)).toMatchObject({ status: 200, body: "" });
  expect(await ask("GET /v1/agent/health/service/name/web?format=text")).toMatchObject({
    status: 503,
    body: "maintenance",
  });
  const checks = JSON.parse((await ask("GET /v1/agent/checks")).body) as Record<string, { Notes: string }>;
  expect(checks["_service_maintenance:web-1"]).toMatchObject({ Status: "critical", Notes: "upgrade" });
  await ask("PUT /v1/agent/service/maintenance/web-1?enable=false");
  expect((await ask("GET /v1/agent/health/service/id/web-1")).status).toBe(200);
  expect((await ask("PUT /v1/agent/service/maintenance/none?enable=true")).status).toBe(404);
});

it("shows one service with its hash, and waits for another hash", async () => {
  const { cluster, ask } = await edge();
  await ask("PUT /v1/agent/service/register", web);
  const first = await ask("GET /v1/agent/service/web-1");
  const { ContentHash } = JSON.parse(first.body) as { ContentHash: string };
  expect(first.headers).toMatchObject({ "X-Consul-Contenthash": ContentHash });
  const waiting = ask(`GET /v1/agent/service/web-1?hash=${ContentHash}&wait=60s`);
  await cluster.time.advance(1_000);
  await ask("PUT /v1/agent/service/register", { ...web, Port: 444 });
  expect((await waiting).status).toBeUndefined(); // it was not answered at once
  expect((await ask("GET /v1/agent/service/none")).status).toBe(404);
});

it("gives up a node that failed, and knows none that is not there", async () => {
  const { cluster, ask } = await edge();
  const node = { Node: "gone", Address: "10.0.0.9", Check: { CheckID: "serfHealth", Status: "critical" } };
  await ask("PUT /v1/catalog/register", node);
  expect(await ask("PUT /v1/agent/force-leave/gone")).toMatchObject({ status: 200, body: "" });
  await cluster.time.advance(3_000);
  expect((await ask("GET /v1/catalog/nodes")).body).not.toContain("gone");
  expect(await ask("PUT /v1/agent/force-leave/gone")).toMatchObject({
    status: 500,
    body: "agent: No node found with name 'gone'",
  });
});

it("says why an endpoint of agents means nothing here", async () => {
  const { ask } = await edge();
  expect(await ask("PUT /v1/agent/join/10.0.0.1")).toMatchObject({
    status: 501,
    body: "not at the edge: there is no gossip at the edge: agents come by their links",
  });
});

it("makes sessions on its own node, which keep locks for clients without an agent", async () => {
  const { cluster, ask } = await edge();
  const made = await ask("PUT /v1/session/create", { TTL: "10s", Behavior: "delete", LockDelay: "1ms" });
  expect(made.status).toBe(200);
  const { ID } = JSON.parse(made.body) as { ID: string };
  expect(JSON.parse((await ask(`GET /v1/session/info/${ID}`)).body)).toMatchObject([
    { Node: edgeNode.name, NodeChecks: [], TTL: "10s" },
  ]);
  expect((await ask(`PUT /v1/kv/lock?acquire=${ID}`, "me")).body).toBe("true");
  await cluster.time.advance(25_000);
  expect((await ask("GET /v1/kv/lock")).status).toBe(404);
  expect(await ask("PUT /v1/session/create", { Checks: ["none"] })).toMatchObject({
    status: 500,
    body: "Missing check 'none' registration",
  });
});
