// The whole idea, with real processes: three server objects in workerd, two agents on loopback addresses, a service
// on each, discovered over DNS and HTTP, and an instance that stops being answered soon after it died.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalEdge } from "../../agent/runtime/local-edge.ts";
import {
  cli,
  dig,
  eventually,
  freePort,
  has,
  type Running,
  scratch,
  startLegate,
} from "../support/legate-process.ts";

const withDig = await has("dig");
const intervalMillis = 2_000;
const addresses = ["127.0.0.2", "127.0.0.3"] as const;
const place = scratch("first-light");
let edge: Awaited<ReturnType<typeof startLocalEdge>>;
let httpPort = 0;
let dnsPort = 0;
let servicePort = 0;
const agents: Running[] = [];
const services = new Map<string, Server>();

function startService(address: string): Promise<void> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/health" ? 200 : 404).end("fine");
  });
  services.set(address, server);
  return new Promise((resolve) => server.listen(servicePort, address, resolve));
}

function stopService(address: string): Promise<void> {
  const server = services.get(address);
  services.delete(address);
  server?.closeAllConnections();
  return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
}

function startAgent(address: string, node: string): Running {
  const definitions = join(place.path, node);
  mkdirSync(definitions, { recursive: true });
  const check = {
    http: `http://${address}:${servicePort}/health`,
    interval: `${intervalMillis}ms`,
    status: "passing",
  };
  writeFileSync(
    join(definitions, "web3.json"),
    JSON.stringify({ service: { name: "web3", tags: ["master"], port: servicePort, check } }),
  );
  const flags = {
    node,
    bind: address,
    client: address,
    "data-dir": join(place.path, `${node}-data`),
    "config-dir": definitions,
    "http-port": String(httpPort),
    "dns-port": String(dnsPort),
    "edge-url": edge.url,
    "edge-token": edge.secret,
  };
  return startLegate(["agent", ...Object.entries(flags).map(([name, value]) => `-${name}=${value}`)]);
}

type Json = { status: number; index: number; body: unknown };

async function get(address: string, path: string): Promise<Json> {
  const response = await fetch(`http://${address}:${httpPort}${path}`);
  const text = await response.text();
  const index = Number(response.headers.get("x-consul-index") ?? 0);
  return { status: response.status, index, body: text === "" ? null : JSON.parse(text) };
}

/** Nodes that DNS at `address` answers for web3, by the SRV targets. */
async function resolved(address: string): Promise<string> {
  const lines = await dig(address, dnsPort, "web3.service.consul", "SRV", "+short");
  return lines
    .map((line) => line.split(" ")[3]?.split(".")[0])
    .sort()
    .join(" ");
}

const answers = (address: string, nodes: string, limitMillis: number) =>
  eventually(`${address} answers "${nodes}"`, limitMillis, async () =>
    (await resolved(address)) === nodes ? true : undefined,
  );

beforeAll(async () => {
  httpPort = await freePort();
  dnsPort = await freePort();
  servicePort = await freePort();
  edge = await startLocalEdge({
    dataDir: join(place.path, "edge"),
    port: await freePort(),
    log: () => undefined,
  });
  for (const address of addresses) await startService(address);
  agents.push(startAgent(addresses[0], "n2"), startAgent(addresses[1], "n3"));
}, 60_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await Promise.all(addresses.map(stopService));
  await edge?.stop();
  place.remove();
}, 30_000);

describe("two agents and an edge datacenter", () => {
  it("shows both instances in the catalog with every field of Consul's answer", async () => {
    const rows = await eventually("both instances registered", 15_000, async () => {
      const { body } = await get(addresses[0], "/v1/catalog/service/web3").catch(() => ({ body: null }));
      return Array.isArray(body) && body.length === 2 ? (body as Record<string, unknown>[]) : undefined;
    });
    expect(rows.map((row) => row.Node)).toEqual(["n2", "n3"]);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      "ID", "Node", "Address", "Datacenter", "TaggedAddresses", "NodeMeta", "ServiceKind", "ServiceID",
      "ServiceName", "ServiceTags", "ServiceAddress", "ServiceWeights", "ServiceMeta", "ServicePort",
      "ServiceEnableTagOverride", "ServiceProxy", "ServiceConnect", "CreateIndex", "ModifyIndex",
    ]); // biome-ignore format: one list
    expect(rows[0]).toMatchObject({
      Address: "127.0.0.2",
      ServicePort: servicePort,
      ServiceTags: ["master"],
    });
  });

  it.skipIf(!withDig)("answers DNS at both agents with both, and their addresses beside them", async () => {
    for (const address of addresses) await answers(address, "n2 n3", 10_000);
    const lines = await dig(
      addresses[0],
      dnsPort,
      "master.web3.service.dc1.consul",
      "SRV",
      "+noall",
      "+additional",
    );
    const glue = lines.filter((line) => /\sA\s/.test(line)).map((line) => line.split(/\s+/).at(-1));
    expect(glue.sort()).toEqual(["127.0.0.2", "127.0.0.3"]);
    expect(await dig(addresses[1], dnsPort, "n2.node.consul", "+short")).toEqual(["127.0.0.2"]);
  });

  it("drops a dead instance within its interval, tells watchers at once, and takes it back", async () => {
    const before = await get(addresses[1], "/v1/health/service/web3?passing");
    expect(before.body).toHaveLength(2);
    const watch = get(addresses[1], `/v1/health/service/web3?passing&index=${before.index}&wait=60s`);
    let woke = 0;
    void watch.then(() => {
      woke = Date.now();
    });
    await get(addresses[0], "/v1/catalog/nodes");
    expect(woke).toBe(0);
    const stopped = Date.now();
    await stopService(addresses[0]);
    const after = await watch;
    expect(after.index).toBeGreaterThan(before.index);
    expect(after.body).toHaveLength(1);
    expect(Date.now() - stopped).toBeLessThan(intervalMillis + 2_000);
    if (withDig) await answers(addresses[1], "n3", 2_000);
    await startService(addresses[0]);
    if (withDig) await answers(addresses[1], "n2 n3", intervalMillis + 2_000);
  });

  it("lists the servers and both agents as members", async () => {
    const { code, stdout } = await cli(["members", `-http-addr=${addresses[0]}:${httpPort}`]);
    expect(code).toBe(0);
    for (const name of ["server-1", "server-2", "server-3", "n2", "n3"]) expect(stdout).toContain(name);
  });

  it("loses no acknowledged write when workerd is killed, and registers nothing twice", async () => {
    const registered = await get(addresses[0], "/v1/catalog/service/web3");
    const acknowledged: string[] = [];
    const port = Number(new URL(edge.url).port);
    const writes = Array.from({ length: 300 }, (_, number) => `k/${number}`);
    const writer = async (): Promise<void> => {
      for (let key = writes.pop(); key !== undefined; key = writes.pop()) {
        const response = await fetch(`http://${addresses[0]}:${httpPort}/v1/kv/${key}`, {
          method: "PUT",
          body: key,
        }).catch(() => null);
        if (response?.status === 200 && (await response.text()).trim() === "true") acknowledged.push(key);
      }
    };
    const work = Promise.all([writer(), writer(), writer(), writer()]);
    await eventually("100 acknowledged writes", 20_000, () =>
      acknowledged.length >= 100 ? true : undefined,
    );
    process.kill(edge.workerdPid ?? 0, "SIGKILL");
    await edge.stop();
    edge = await startLocalEdge({ dataDir: join(place.path, "edge"), port, log: () => undefined });
    await work;
    const keys = await eventually("the keys again", 15_000, async () => {
      const { status, body } = await get(addresses[1], "/v1/kv/k/?keys").catch(() => ({
        status: 0,
        body: null,
      }));
      return status === 200 ? (body as string[]) : undefined;
    });
    expect(acknowledged.filter((key) => !keys.includes(key))).toEqual([]);
    const again = await get(addresses[0], "/v1/catalog/service/web3");
    expect(again.body).toEqual(registered.body);
  }, 60_000);

  it("answers bad input with Consul's status and text", async () => {
    const put = async (path: string, body: string) => {
      const response = await fetch(`http://${addresses[0]}:${httpPort}${path}`, { method: "PUT", body });
      return `${response.status} ${await response.text()}`;
    };
    expect(await put("/v1/agent/service/register", '{"Name":')).toMatch(/^400 Request decode failed: /);
    expect(await put("/v1/agent/service/register", '{"Name":"x","Foo":1}')).toBe(
      '400 Request decode failed: json: unknown field "Foo"',
    );
    expect(await put("/v1/kv/big", "x".repeat(600 << 10))).toMatch(
      /^413 Request body\(\d+ bytes\) too large/,
    );
    const unknown = await get(addresses[0], "/v1/health/service/nobody");
    expect([unknown.status, unknown.body]).toEqual([200, []]);
    const bad = await fetch(`http://${addresses[0]}:${httpPort}/v1/kv/a?index=-1`);
    expect([bad.status, await bad.text()]).toEqual([400, "Invalid index"]);
  });

  it("deregisters its node on a graceful leave", async () => {
    const { code } = await cli(["leave", `-http-addr=${addresses[1]}:${httpPort}`]);
    expect(code).toBe(0);
    await eventually("n3 is gone", 10_000, async () => {
      const { body } = await get(addresses[0], "/v1/catalog/nodes");
      return (body as { Node: string }[]).some((row) => row.Node === "n3") ? undefined : true;
    });
  });
});
