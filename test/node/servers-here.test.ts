// The service "consul" of servers on this machine, against a Worker that is played by a small HTTP server.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { keepServersRegistered } from "../../agent/runtime/servers-here.ts";
import { eventually } from "../support/legate-process.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

it("waits for the agent's node, registers the service once, and shows the secret", async () => {
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
  ends.push(
    () => worker.close(),
    keepServersRegistered({
      url,
      secret: "s3cret",
      node: "n1",
      address: "127.0.0.1",
      port: 8300,
      log: () => {},
    }),
  );
  await eventually("it asks for the node", 5_000, () => (tokens.size > 0 ? true : undefined));
  expect(registered).toEqual([]);
  node = { Node: { Node: "n1" }, Services: {} };
  await eventually("it registers", 5_000, () => (registered.length > 0 ? true : undefined));
  expect(registered).toMatchObject([
    { Node: "n1", SkipNodeUpdate: true, Service: { Service: "consul", Port: 8300 } },
  ]);
  expect([...tokens]).toEqual(["s3cret"]);
});
