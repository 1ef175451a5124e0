// Ten thousand queries that wait at one server object: what they cost, and that none is forgotten when it sleeps. And
// the streams at the Worker, whose servers lose their memory under them.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import type { LinkMessage } from "../../shared/rpc/frames.ts";
import { eventually, scratch } from "../support/legate-process.ts";

const place = scratch("waiters");
const servers = ["server-1", "server-2", "server-3"];
const waiters = 10_000;
const keys = 100;
let edge: LocalEdge;

beforeAll(async () => {
  edge = await startLocalEdge({ dataDir: place.path, port: 0, testHooks: true, log: () => undefined });
  await eventually("a leader", 20_000, async () => ((await put("ready", "yes")) ? true : undefined));
});

afterAll(async () => {
  await edge?.stop();
  place.remove();
});

const headers = () => ({ "X-Consul-Token": edge.secret });

async function put(key: string, value: string): Promise<boolean> {
  const init = { method: "PUT", body: value, headers: headers() };
  const reply = await fetch(`${edge.url}/v1/kv/${key}`, init).catch(() => null);
  return reply?.status === 200 && (await reply.text()).trim() === "true";
}

type Request = Extract<LinkMessage, { t: "request" }>;

/** An agent's end of a link, without the agent. */
class RawLink {
  readonly waiting = new Map<number, Request>();
  answered = 0;
  resets = 0;
  readonly #socket: WebSocket;
  readonly welcome: Promise<void>;

  constructor(node: string) {
    const url = `${edge.url.replace("http", "ws")}/v1/link?node=${node}`;
    this.#socket = new WebSocket(url, { headers: { Authorization: `Bearer ${edge.secret}` } });
    const hello = { version: 1, node, nodeId: "", address: "10.0.0.1", datacenter: "dc1", serfPort: 8301 };
    this.#socket.on("open", () =>
      this.send([{ t: "hello", ...hello, build: "", taggedAddresses: {}, nodeMeta: {} }]),
    );
    this.welcome = new Promise((resolve, reject) => {
      this.#socket.on("error", reject);
      this.#socket.on("message", (data) => {
        for (const message of JSON.parse(String(data)) as LinkMessage[]) {
          if (message.t === "welcome") resolve();
          if (message.t === "reset") this.#askAgain();
          if (message.t === "reply" && this.waiting.delete(message.id)) this.answered += 1;
        }
      });
    });
  }

  send(messages: readonly LinkMessage[]): void {
    for (let at = 0; at < messages.length; at += 1_000) {
      this.#socket.send(JSON.stringify(messages.slice(at, at + 1_000)));
    }
  }

  wait(id: number, minIndex: number): Request {
    const options = { datacenter: "", token: "", consistency: "default", minIndex, waitMillis: 600_000 };
    const request: Request = {
      ...{ t: "request", id, method: "KVS.Get" },
      request: { key: `w/${id % keys}`, options },
    };
    this.waiting.set(id, request);
    return request;
  }

  close(): void {
    this.#socket.terminate();
  }

  #askAgain(): void {
    this.resets += 1;
    this.send([...this.waiting.values()].map((request) => ({ ...request, again: true })));
  }
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${edge.workerdPid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

it("cost little, wake once, let the servers sleep, and are not forgotten", async () => {
  for (let key = 0; key < keys; key++) await put(`w/${key}`, "0");
  const listing = await fetch(`${edge.url}/v1/kv/w?keys`, { headers: headers() });
  const index = Number(listing.headers.get("X-Consul-Index"));
  const link = new RawLink("n0");
  await link.welcome;
  const before = residentBytes();
  link.send(Array.from({ length: waiters }, (_, at) => link.wait(at + 1, index)));
  expect(await put("unrelated", "1")).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect([link.answered, link.waiting.size]).toEqual([0, waiters]);
  expect(residentBytes() - before).toBeLessThan(150e6); // 40 MB on a quiet machine

  await put("w/1", "1");
  await eventually("waiters of one key", 10_000, () => (link.answered === waiters / keys ? true : undefined));

  const gone = [...link.waiting.keys()].filter((id) => id % keys === 2);
  for (const id of gone) link.waiting.delete(id);
  link.send(gone.map((id) => ({ t: "cancel", id })));

  // Each resolves only once nothing is in flight and no timer is left: waiting keeps nobody awake.
  await Promise.all(servers.map((server) => edge.evict(server)));
  expect(link.resets).toBe(0);
  const waiting = link.waiting.size;
  await put("w/3", "1");
  await eventually("those who waited through the sleep", 20_000, () =>
    link.waiting.size === waiting - waiters / keys ? true : undefined,
  );
  expect(link.resets).toBe(1);
  await Promise.all(servers.map((server) => edge.evict(server)));
  await Promise.all(Array.from({ length: keys }, (_, key) => put(`w/${key}`, "2")));
  await eventually("all", 30_000, () => (link.waiting.size === 0 ? true : undefined));
  expect(link.answered).toBe(waiters - gone.length);
  link.close();
}, 120_000);

/** Values and last id of a stream of one key, read until `until`. */
async function follow(lastId: string | null, until: string, seen: string[]): Promise<string> {
  const resume = lastId === null ? {} : { "Last-Event-ID": lastId };
  const reply = await fetch(`${edge.url}/v1/kv/stream?watch`, { headers: { ...headers(), ...resume } });
  expect(reply.headers.get("Content-Type")).toBe("text/event-stream");
  let id = lastId ?? "";
  let text = "";
  for await (const piece of reply.body ?? []) {
    text += new TextDecoder().decode(piece);
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      id = /^id: ?(.*)$/m.exec(event)?.[1] ?? id;
      const data = /^data: ?(.*)$/m.exec(event)?.[1];
      const value = data === undefined ? undefined : /"Value":"([^"]*)"/.exec(data)?.[1];
      if (value !== undefined) seen.push(atob(value));
      if (seen.at(-1) === until) return id; // leaving the loop closes the stream
    }
  }
  return id;
}

it("stream every state at the Worker across the loss of all servers' memory, and go on after Last-Event-ID", async () => {
  await put("stream", "1");
  const seen: string[] = [];
  const first = follow(null, "3", seen);
  await eventually("the state at the beginning", 10_000, () => (seen.includes("1") ? true : undefined));
  await put("stream", "2");
  await eventually("a change", 10_000, () => (seen.includes("2") ? true : undefined));
  await edge.abortAll();
  await eventually("a write after it", 20_000, async () => ((await put("stream", "3")) ? true : undefined));
  const lastId = await first;
  expect(seen).toEqual(["1", "2", "3"]);
  await put("stream", "4"); // while nobody listens
  await Promise.all(servers.map((server) => edge.evict(server)));
  const later: string[] = [];
  await follow(lastId, "4", later);
  expect(later).toEqual(["4"]);
}, 90_000);
