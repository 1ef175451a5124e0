// The Worker and its server objects in the real runtime: who is let in, what survives eviction and kill -9.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, scratch } from "../support/legate-process.ts";

const place = scratch("workerd");
const log = () => undefined;
const servers = ["server-1", "server-2", "server-3"];
let edge: LocalEdge;

beforeAll(async () => {
  edge = await startLocalEdge({ dataDir: place.path, port: 0, testHooks: true, log });
  await eventually("a leader", 20_000, async () => ((await put("ready", "yes")) ? true : undefined));
});

afterAll(async () => {
  await edge?.stop();
  place.remove();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(edge.url + path, { ...init, headers: { "X-Consul-Token": edge.secret } });
}

/** True when the write was acknowledged. */
async function put(key: string, value: string): Promise<boolean> {
  const reply = await ask(`/v1/kv/${key}`, { method: "PUT", body: value }).catch(() => null);
  return reply?.status === 200 && (await reply.text()).trim() === "true";
}

async function get(key: string): Promise<string> {
  const reply = await ask(`/v1/kv/${key}?raw`);
  return `${reply.status} ${await reply.text()}`;
}

it("takes registrations without an agent, kept healthy by reports", async () => {
  const send = async (path: string, body: unknown = undefined) => {
    const token = { "X-Consul-Token": edge.secret };
    const init = { method: "PUT", headers: token, body: body === undefined ? null : JSON.stringify(body) };
    return (await fetch(edge.url + path, init)).status;
  };
  const web = { Name: "far", Address: "203.0.113.9", Port: 443, Check: { TTL: "1s" } };
  const passing = async () =>
    ((await (await ask("/v1/health/service/far?passing")).json()) as unknown[]).length;
  expect(await send("/v1/agent/service/register", web)).toBe(200);
  expect(await send("/v1/agent/check/pass/service:far")).toBe(200);
  expect(await passing()).toBe(1);
  await eventually("the report is over", 5_000, async () => ((await passing()) === 0 ? true : undefined));
  expect(await send("/v1/agent/service/deregister/far")).toBe(200);
  expect(await (await ask("/v1/agent/services")).json()).toEqual({});
});

describe("the door", () => {
  it("serves an explanation and nothing else without a management secret", async () => {
    const bare = scratch("workerd-bare");
    const closed = await startLocalEdge({ dataDir: bare.path, port: 0, secret: "", log });
    try {
      for (const path of ["/", "/v1/kv/ready", "/v1/kv/ready?token=", "/v1/link?node=n1"]) {
        const reply = await fetch(closed.url + path, { headers: { "X-Consul-Token": "" } });
        expect(reply.status).toBe(503);
        expect(await reply.text()).toContain("wrangler secret put LEGATE_MANAGEMENT_SECRET");
      }
    } finally {
      await closed.stop();
      bare.remove();
    }
  });

  it("lets nobody in without the secret", async () => {
    const bare = await fetch(`${edge.url}/v1/kv/ready`);
    expect([bare.status, await bare.text()]).toEqual([403, "Permission denied"]);
    const wrong = await fetch(`${edge.url}/v1/kv/ready?token=${"0".repeat(64)}`);
    expect(wrong.status).toBe(403);
    const link = await fetch(`${edge.url}/v1/link?node=n1`, { headers: { Authorization: "Bearer no" } });
    expect(link.status).toBe(403);
  });

  it("takes the secret as header, bearer or parameter", async () => {
    const bearer = await fetch(`${edge.url}/v1/status/leader`, {
      headers: { Authorization: `Bearer ${edge.secret}` },
    });
    const parameter = await fetch(`${edge.url}/v1/status/leader?token=${edge.secret}`);
    expect([bearer.status, parameter.status, (await ask("/v1/status/leader")).status]).toEqual([
      200, 200, 200,
    ]);
  });

  it("refuses a body that is too large before a server sees it", async () => {
    const reply = await ask("/v1/kv/large", { method: "PUT", body: "x".repeat(600_000) });
    expect(reply.status).toBe(413);
    expect(await reply.text()).toContain("Request body(600000 bytes) too large, max size: 524288 bytes");
  });
});

describe("the servers", () => {
  it("keep what was written", async () => {
    expect(await put("greeting", "hello")).toBe(true);
    expect(await get("greeting")).toBe("200 hello");
  });

  it("fall asleep by themselves after a request, and answer the same when woken", async () => {
    for (const server of servers) {
      // Resolves once no timer is left in the object: a proof that an idle server can sleep.
      await edge.evict(server);
      expect(await put(`evicted/${server}`, server)).toBe(true);
      expect(await get(`evicted/${server}`)).toBe(`200 ${server}`);
    }
    await Promise.all(servers.map((server) => edge.evict(server)));
    expect(await get("evicted/server-1")).toBe("200 server-1");
  }, 40_000);

  it("answer the same when every object loses its memory between any two requests", async () => {
    for (let round = 0; round < 8; round++) {
      await edge.abortAll();
      expect(await put(`aborted/${round}`, `value ${round}`)).toBe(true);
      await edge.abortAll();
      expect(await get(`aborted/${round}`)).toBe(`200 value ${round}`);
    }
    const keys = (await (await ask("/v1/kv/aborted?keys")).json()) as string[];
    expect(keys).toHaveLength(8);
  }, 60_000);

  it("lose no acknowledged write when workerd is killed in the middle of writes", async () => {
    const before = edge.workerdPid ?? 0;
    const acknowledged: string[] = [];
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; writing; i++) {
        const key = `killed/${writer}-${i}`;
        if (await put(key, "x")) acknowledged.push(key);
      }
    });
    await eventually("100 writes", 20_000, () => (acknowledged.length >= 100 ? true : undefined));
    process.kill(before, "SIGKILL");
    await eventually("another workerd", 10_000, () =>
      edge.workerdPid !== null && edge.workerdPid !== before ? true : undefined,
    );
    const restarted = acknowledged.length;
    await eventually("writes go on", 20_000, () => (acknowledged.length > restarted ? true : undefined));
    writing = false;
    await Promise.all(writers);
    const keys = new Set((await (await ask("/v1/kv/killed?keys")).json()) as string[]);
    expect(acknowledged.filter((key) => !keys.has(key))).toEqual([]);
  });
});
