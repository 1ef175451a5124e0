// The service "consul" of servers on this machine, against a Worker that is played by a small HTTP server.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { keepServersRegistered } from "../../agent/runtime/servers-here.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

it("registers the service without touching the node, only when it is not there, and shows the secret", async () => {
  let node: unknown = null;
  const registered: Record<string, unknown>[] = [];
  const tokens = new Set<unknown>();
  const worker = createServer((request, response) => {
    tokens.add(request.headers["x-consul-token"]);
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      if (request.method === "PUT") registered.push(JSON.parse(body) as Record<string, unknown>);
      response.end(request.method === "PUT" ? "true" : JSON.stringify(node));
    });
  });
  await new Promise<void>((resolve) => worker.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
  const servers = { url, secret: "s3cret", node: "n1", address: "127.0.0.1", port: 8300, log: () => {} };
  const first = keepServersRegistered(servers);
  ends.push(() => worker.close(), first.stop);
  await first.registered;
  expect(registered).toMatchObject([
    { Node: "n1", SkipNodeUpdate: true, Service: { Service: "consul", Port: 8300 } },
  ]);
  expect([...tokens]).toEqual(["s3cret"]);

  node = { Node: { Node: "n1" }, Services: { consul: { Port: 8300 } } };
  const second = keepServersRegistered(servers);
  ends.push(second.stop);
  await second.registered;
  expect(registered).toHaveLength(1);
});
