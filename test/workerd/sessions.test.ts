// Sessions, locks, transactions, expiry and streams on Durable Objects in the real runtime, asleep and evicted.

import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, scratch } from "../support/legate-process.ts";

const place = scratch("workerd-sessions");
const servers = ["server-1", "server-2", "server-3"];
let edge: LocalEdge;

beforeAll(async () => {
  edge = await startLocalEdge({ dataDir: place.path, port: 0, testHooks: true, log: () => undefined });
  await eventually("a leader", 20_000, async () =>
    (await put("kv/ready", "yes")) === true ? true : undefined,
  );
  await put("catalog/register", { Node: "n1", Address: "10.0.0.1" });
});

afterAll(async () => {
  await edge?.stop();
  place.remove();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), "X-Consul-Token": edge.secret };
  return fetch(`${edge.url}/v1/${path}`, { ...init, headers });
}

async function put(path: string, body: unknown = ""): Promise<unknown> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await ask(path, { method: "PUT", body: text }).catch(() => null);
  return reply === null ? null : await reply.json().catch(() => null);
}

async function get(path: string): Promise<unknown> {
  const reply = await ask(path);
  return reply.status === 404 ? null : await reply.json();
}

async function session(fields: object): Promise<string> {
  const created = (await put("session/create", { Node: "n1", NodeChecks: [], ...fields })) as { ID: string };
  return created.ID;
}

/** Every object loses its memory. */
function evictAll(): Promise<unknown> {
  return Promise.all(servers.map((server) => edge.evict(server)));
}

it("keeps a lock and its delay while every object loses its memory", async () => {
  const first = await session({ LockDelay: "3s" });
  const second = await session({});
  const taken = await ask(`kv/lock?acquire=${first}`, { method: "PUT", body: "x" });
  expect(Number(taken.headers.get("X-Legate-Fencing"))).toBeGreaterThan(0);
  await evictAll();
  expect(await put(`kv/lock?acquire=${second}`)).toBe(false);
  const ended = Date.now();
  expect(await put(`session/destroy/${first}`)).toBe(true);
  await evictAll();
  expect(await put(`kv/lock?acquire=${second}`)).toBe(Date.now() - ended >= 3_000);
  await eventually("the delay is over", 6_000, async () =>
    (await put(`kv/lock?acquire=${second}`)) === true ? true : undefined,
  );
  expect(Date.now() - ended).toBeGreaterThanOrEqual(2_900);
}, 60_000);

it("undoes a transaction that fails, by a savepoint", async () => {
  const set = (key: string) => ({ KV: { Verb: "set", Key: key, Value: "eA==" } });
  const failed = await put("txn", [set("t/1"), { KV: { Verb: "get", Key: "none" } }]);
  expect(failed).toEqual({ Results: null, Errors: [{ OpIndex: 1, What: 'key "none" doesn\'t exist' }] });
  expect(await get("kv/t/?keys")).toBeNull();
  expect(await put("txn", [set("t/1"), set("t/2")])).toMatchObject({ Errors: null });
  expect(await get("kv/t/?keys")).toEqual(["t/1", "t/2"]);
});

it("ends a key and a session at their time although everybody sleeps", async () => {
  const id = await session({ TTL: "10s" });
  expect(await put(`kv/held?acquire=${id}`, "x")).toBe(true);
  expect(await put("kv/short?ttl=5s", "x")).toBe(true);
  await evictAll();
  // Nobody asks anything until both are over: what ends them is an alarm.
  await new Promise((resolve) => setTimeout(resolve, 21_500));
  const [held, short] = await Promise.all([get("kv/held?stale"), get("kv/short?stale")]);
  expect(short).toBeNull();
  expect(held).not.toMatchObject([{ Session: id }]);
  expect(await get(`session/info/${id}`)).toEqual([]);
}, 90_000);

it("streams what changes, and resumes behind the last event", async () => {
  await put("kv/s/1", "a");
  const abort = new AbortController();
  const reply = await ask("kv/s/?watch&recurse", { signal: abort.signal });
  expect(reply.headers.get("Content-Type")).toBe("text/event-stream");
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
  let text = "";
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended before ${wanted}: ${text}`);
      text += new TextDecoder().decode(value);
    }
  };
  await until('"Key":"s/1"');
  await put("kv/s/2", "b");
  await until('"Key":"s/2"');
  const last = [...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? "";
  abort.abort();
  await put("kv/s/3", "c");
  const again = new AbortController();
  const resumed = await ask("kv/s/?watch&recurse", {
    headers: { "Last-Event-ID": last },
    signal: again.signal,
  });
  const first = (resumed.body as ReadableStream<Uint8Array>).getReader();
  let missed = "";
  while (!missed.includes("data:")) missed += new TextDecoder().decode((await first.read()).value);
  expect(missed).toContain('"Key":"s/3"');
  again.abort();
}, 30_000);
