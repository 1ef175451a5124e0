// What is larger than an object may hold is refused with what to do instead, and the servers go on.

import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, scratch } from "../support/legate-process.ts";

const place = scratch("limits");
const logged: string[] = [];
let edge: LocalEdge;

beforeAll(async () => {
  const log = (level: string, message: string) => {
    if (level === "error") logged.push(message);
  };
  edge = await startLocalEdge({ dataDir: place.path, port: 0, log });
  await eventually("a leader", 20_000, async () =>
    (await ask("PUT", "/v1/kv/ready", "yes")).status === 200 ? true : undefined,
  );
});

afterAll(async () => {
  await edge?.stop();
  place.remove();
});

async function ask(method: string, path: string, body: string | null = null) {
  const headers = { "X-Consul-Token": edge.secret };
  const reply = await fetch(edge.url + path, { method, body, headers });
  return { status: reply.status, text: await reply.text() };
}

it("lists what an object can hold, and refuses what it cannot", async () => {
  const value = "v".repeat(500_000);
  for (let key = 0; key < 22; key += 2) {
    const both = [ask("PUT", `/v1/kv/big/${key}`, value), ask("PUT", `/v1/kv/big/${key + 1}`, value)];
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
  }
  for (const consistency of ["", "&stale", "&consistent"]) {
    const all = await ask("GET", `/v1/kv/big?recurse${consistency}`);
    expect(all.status).toBe(500);
    expect(all.text).toMatch(/^the answer is larger than 12582912 bytes.*limit=/);
  }
  const page = await ask("GET", "/v1/kv/big?recurse&limit=5");
  expect([page.status, (JSON.parse(page.text) as unknown[]).length]).toEqual([200, 5]);
  expect((JSON.parse((await ask("GET", "/v1/kv/big?keys")).text) as unknown[]).length).toBe(22);
}, 60_000);

it("refuses a registration that no row can hold, in any script, and takes one that fits", async () => {
  const register = (tag: string) => {
    const service = { ID: "s", Service: "s", Tags: [tag], Port: 80 };
    return ask(
      "PUT",
      "/v1/catalog/register",
      JSON.stringify({ Node: "n", Address: "10.0.0.1", Service: service }),
    );
  };
  const refused = await register("漢".repeat(1_000_000));
  expect(refused.status).toBe(413);
  expect(refused.text).toMatch(/too large for the servers' log/);
  expect((await register('"'.repeat(990_000))).text).toMatch(/too large for the servers' log/);
  expect((await register("漢".repeat(500_000))).status).toBe(200);
  expect((await ask("GET", "/v1/catalog/service/s")).text.length).toBeGreaterThan(500_000);
  expect(await ask("GET", "/v1/kv/ready?raw")).toEqual({ status: 200, text: "yes" });
  expect(logged).toEqual([]);
}, 60_000);
