// Agents beside servers that hear no gossip (three objects in workerd): what the pool sees comes into the catalog by
// reports, a lone agent is covered by its link, and a datacenter that vanishes as a whole is not expired.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, freePort, type Running, scratch, startLegate } from "../support/legate-process.ts";

const place = scratch("edge-members");
const agents = new Map<string, Running>();
let edge: Awaited<ReturnType<typeof startLocalEdge>>;
let http = 0;
let lan = 0;
const host = (name: string) => `127.0.73.${name.slice(1)}`;

function start(name: string, join_: readonly string[]): void {
  const data = join(place.path, name);
  mkdirSync(data, { recursive: true });
  const settings = join(place.path, `${name}.json`);
  writeFileSync(settings, JSON.stringify({ ports: { http, dns: -1, serf_lan: lan }, retry_interval: "1s" }));
  const flags = [`-node=${name}`, `-bind=${host(name)}`, `-client=${host(name)}`, `-data-dir=${data}`];
  const joins = join_.map((other) => `-retry-join=${host(other)}:${lan}`);
  const servers = [`-edge-url=${edge.url}`, `-edge-token=${edge.secret}`];
  agents.set(name, startLegate(["agent", ...flags, ...servers, `-config-file=${settings}`, ...joins]));
}

async function get<T>(name: string, path: string): Promise<T | undefined> {
  try {
    const reply = await fetch(`http://${host(name)}:${http}${path}`);
    return reply.ok ? ((await reply.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** serfHealth of a node, asked of agent `by`; "none" for a node that is not there. */
async function serfHealth(by: string, node: string): Promise<string | undefined> {
  const checks = await get<{ CheckID: string; Status: string }[]>(by, `/v1/health/node/${node}`);
  return checks === undefined
    ? undefined
    : (checks.find(({ CheckID }) => CheckID === "serfHealth")?.Status ?? "none");
}

const becomes = (by: string, node: string, status: string, limitMillis: number) =>
  eventually(`serfHealth of ${node} is ${status}`, limitMillis, async () =>
    (await serfHealth(by, node)) === status ? true : undefined,
  );

describe("members at the edge", () => {
  beforeAll(async () => {
    edge = await startLocalEdge({ dataDir: place.path, port: 0, log: () => {}, logLevel: "error" });
    [http, lan] = await Promise.all([freePort(host("a1")), freePort(host("a2"))]);
    for (const name of ["a1", "a2", "a3"]) start(name, name === "a1" ? [] : ["a1"]);
    for (const name of ["a1", "a2", "a3"]) await becomes("a1", name, "passing", 30_000);
    await eventually("the pool is whole", 15_000, async () => {
      const reached = await get<{ Acks: string[] }>("a1", "/v1/agent/reachability"); // by gossip, not by links
      return reached?.Acks.length === 3 ? true : undefined;
    });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...agents.values()].map((agent) => agent.stop("SIGKILL")));
    await edge.stop();
    place.remove();
  });

  it("makes a killed agent critical as soon as the pool knows, and passing when it is back", {
    timeout: 60_000,
  }, async () => {
    const killed = Date.now();
    await agents.get("a3")?.stop("SIGKILL");
    await becomes("a1", "a3", "critical", 30_000);
    process.stdout.write(`edge: serfHealth of a killed agent was critical after ${Date.now() - killed} ms\n`);
    start("a3", ["a1"]);
    await becomes("a1", "a3", "passing", 15_000);
  });

  it("takes who leaves out of the catalog", { timeout: 30_000 }, async () => {
    expect(await agents.get("a3")?.stop("SIGINT")).toBe(0);
    await becomes("a1", "a3", "none", 10_000);
  });

  it("notices a lone agent by its link", { timeout: 90_000 }, async () => {
    start("a4", []); // joins nobody
    await becomes("a1", "a4", "passing", 20_000);
    const killed = Date.now();
    await agents.get("a4")?.stop("SIGKILL");
    await becomes("a1", "a4", "critical", 60_000);
    process.stdout.write(`edge: serfHealth of a lone agent was critical after ${Date.now() - killed} ms\n`);
    start("a4", []);
    await becomes("a1", "a4", "passing", 20_000);
  });

  it("says that nobody is held back", async () => {
    expect(await get("a1", "/v1/operator/health")).toMatchObject({ Healthy: true, MembersFrozen: false });
  });

  it("expires nobody when most of a site vanishes at once, and says why", { timeout: 150_000 }, async () => {
    const site = ["a2", "a4", "a5", "a6"];
    for (const name of ["a5", "a6"]) start(name, ["a1"]);
    for (const name of site) await becomes("a1", name, "passing", 20_000);
    await eventually("the pool is whole", 15_000, async () => {
      const members = await get<{ Name: string; Status: number }[]>("a1", "/v1/agent/members");
      const alive = (members ?? []).filter(({ Name, Status }) => Status === 1 && site.includes(Name));
      return alive.length >= 3 ? true : undefined;
    });
    const killed = Date.now();
    await Promise.all(site.map((name) => agents.get(name)?.stop("SIGKILL")));
    const health = await eventually("frozen", 60_000, async () => {
      const now = await get<{ MembersFrozen: boolean; Reason: string }>("a1", "/v1/operator/health");
      return now?.MembersFrozen === true ? now : undefined;
    });
    process.stdout.write(`edge: frozen ${Date.now() - killed} ms after a site vanished: ${health.Reason}\n`);
    // Past the grace of links that ended.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, killed + 40_000 - Date.now())));
    for (const name of site) expect(await serfHealth("a1", name), name).toBe("passing");
    for (const name of site) start(name, ["a1"]);
    await eventually("not frozen", 60_000, async () => {
      const now = await get<{ MembersFrozen: boolean }>("a1", "/v1/operator/health");
      return now?.MembersFrozen === false ? true : undefined;
    });
    for (const name of site) expect(await serfHealth("a1", name), name).toBe("passing");
  });
});
