// Server objects with agents connected: they fall asleep by themselves, their links stay, and the leader is the same.

import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, freePort, type Running, scratch, startLegate } from "../support/legate-process.ts";

const place = scratch("sleep");
const servers = ["server-1", "server-2", "server-3"];
let edge: LocalEdge;
const agents: { readonly process: Running; readonly base: string }[] = [];

beforeAll(async () => {
  edge = await startLocalEdge({ dataDir: place.path, port: 0, testHooks: true, log: () => undefined });
  for (const node of ["n1", "n2"]) {
    const [http, dns, lan] = [await freePort(), await freePort(), await freePort()];
    const ports = [`-http-port=${http}`, `-dns-port=${dns}`, `-serf-lan-port=${lan}`];
    const link = [`-edge-url=${edge.url}`, `-edge-token=${edge.secret}`];
    const data = `-data-dir=${place.path}/${node}`;
    const process = startLegate(["agent", `-node=${node}`, data, "-bind=127.0.0.1", ...ports, ...link]);
    agents.push({ process, base: `http://127.0.0.1:${http}` });
  }
});

afterAll(async () => {
  await Promise.all(agents.map(({ process }) => process.stop()));
  await edge?.stop();
  place.remove();
});

async function text(agent: number, path: string, init: RequestInit = {}): Promise<string> {
  const reply = await fetch(`${agents[agent]?.base}${path}`, init).catch(() => null);
  return (await reply?.text())?.trim() ?? "";
}

it("have no timer left within 15 s of the last request, and wake with the same leader", async () => {
  await eventually("both nodes are healthy", 20_000, async () => {
    const passing = await text(0, "/v1/health/state/passing");
    return passing.includes('"n1"') && passing.includes('"n2"') ? true : undefined;
  });
  expect(await text(0, "/v1/kv/a", { method: "PUT", body: "before" })).toBe("true");
  const leader = await text(0, "/v1/status/leader");
  expect(leader).toContain("127.0.0.1:83");

  const from = Date.now();
  // Each resolves once nothing is in flight and no timer is left in the object.
  await Promise.all(servers.map((server) => edge.evict(server)));
  expect(Date.now() - from).toBeLessThan(15_000);

  expect(await text(1, "/v1/kv/a?raw")).toBe("before");
  expect(await text(1, "/v1/kv/a", { method: "PUT", body: "after" })).toBe("true");
  expect(await text(0, "/v1/kv/a?raw&consistent")).toBe("after");
  expect(await text(1, "/v1/status/leader")).toBe(leader);
}, 60_000);
