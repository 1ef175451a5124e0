// User events over three real servers in memory: what the Worker lists, and what linked agents are told.

import { expect, it } from "vitest";
import { createRouter } from "../../../../../shared/api/router.ts";
import { edgeEventRoutes } from "../../../../../shared/api/routes/edge/events.ts";
import { doorRequest } from "../../../../support/door-request.ts";
import { fakeLink, helloOf } from "../../../../support/fake-link.ts";
import { MemoryCluster } from "../../../../support/memory-cluster.ts";
import { watch } from "../../../../support/virtual-time.ts";

async function edge() {
  const cluster = new MemoryCluster();
  const leader = await cluster.leader();
  const router = createRouter(edgeEventRoutes);
  const start = (line: string, body?: string, server: string = leader) => {
    const { backend } = cluster.server(server);
    const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
    return watch(Promise.resolve(router.handle(doorRequest(line, body), context)));
  };
  const ask = async (line: string, body?: string, server?: string) => {
    const reply = start(line, body, server);
    await cluster.time.advance(100);
    const { status, headers } = reply.value ?? {};
    return { status, headers, body: String(reply.value?.body ?? "") };
  };
  return { cluster, leader, start, ask };
}

const names = (body: string) => (JSON.parse(body) as { Name: string }[]).map(({ Name }) => Name);

it("reaches the agents of every server once, and is listed by all of them", async () => {
  const { cluster, ask } = await edge();
  const servers = ["server-1", "server-2", "server-3"];
  const links = servers.map((server) => {
    const link = fakeLink(`to ${server}`);
    cluster.server(server).linkOpened(link);
    cluster.server(server).linkFrame(link, JSON.stringify([helloOf(`n-${server}`)]));
    return link;
  });
  await cluster.time.advance(1_000);
  const fired = await ask("PUT /v1/event/fire/deploy?node=n-.*", "v7", "server-2");
  expect(fired.status).toBe(200);
  const shown = JSON.parse(fired.body) as { ID: string };
  expect(shown).toMatchObject({
    Name: "deploy",
    Payload: btoa("v7"),
    NodeFilter: "n-.*",
    Version: 1,
    LTime: 0,
  });
  await cluster.time.advance(1_000);
  for (const link of links) {
    const told = link.messages().filter((message) => message.t === "event");
    expect(told).toMatchObject([{ event: { ID: shown.ID, Name: "deploy", LTime: 1 } }]);
  }
  for (const server of servers)
    expect(names((await ask("GET /v1/event/list", undefined, server)).body)).toEqual(["deploy"]);
});

it("lists by name with Consul's index, and wakes who waits for that name only", async () => {
  const { cluster, ask, start } = await edge();
  await ask("PUT /v1/event/fire/a");
  const listed = await ask("GET /v1/event/list?name=a");
  const index = listed.headers?.["X-Consul-Index"];
  expect(index).toMatch(/^\d+$/);
  const waiting = start(`GET /v1/event/list?name=a&index=${index}&wait=60s`);
  await ask("PUT /v1/event/fire/b");
  await cluster.time.advance(1_000);
  expect(waiting.value).toBeUndefined();
  await ask("PUT /v1/event/fire/a");
  await cluster.time.advance(1_000);
  expect(names(String(waiting.value?.body))).toEqual(["a", "a"]);
  expect(waiting.value?.headers["X-Consul-Index"]).not.toBe(index);
});

it("keeps the last 256, and refuses what is wrong or too large", async () => {
  const { ask } = await edge();
  for (let at = 0; at < 260; at++) await ask(`PUT /v1/event/fire/e${at}`);
  const listed = names((await ask("GET /v1/event/list")).body);
  expect([listed.length, listed[0], listed.at(-1)]).toEqual([256, "e4", "e259"]);
  expect(await ask("PUT /v1/event/fire/x?tag=a")).toMatchObject({
    status: 500,
    body: "Cannot provide tag filter without service filter",
  });
  expect((await ask("PUT /v1/event/fire/x", "y".repeat(600))).body).toContain(
    "user event exceeds configured limit of 512 bytes before encoding",
  );
  expect((await ask("PUT /v1/event/fire/")).status).toBe(400);
});
