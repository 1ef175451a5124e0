// The server in the agent's process, as a user starts it: -dev in memory, -server on disk.

import { existsSync, writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import dnsPacket from "dns-packet";
import { afterAll, describe, expect, it } from "vitest";
import {
  cpuMillis,
  eventually,
  freePort,
  type Running,
  scratch,
  startLegate,
} from "../support/legate-process.ts";

const directory = scratch("server-host");
const running: Running[] = [];
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop("SIGKILL")));
  directory.remove();
});

type Up = { readonly agent: Running; readonly base: string; readonly dns: number; readonly server: number };

async function start(...words: string[]): Promise<Up> {
  const [http, dns, server] = [await freePort(), await freePort(), await freePort()];
  const ports = [`-http-port=${http}`, `-dns-port=${dns}`, `-server-port=${server}`];
  const [lan, wan] = [await freePort(), await freePort()];
  const rest = ["-node=n1", "-bind=127.0.0.1", `-serf-lan-port=${lan}`, `-serf-wan-port=${wan}`];
  const agent = startLegate(["agent", ...words, ...ports, ...rest, "-grpc-port=18502"]);
  running.push(agent);
  return { agent, base: `http://127.0.0.1:${http}`, dns, server };
}

async function up(...words: string[]): Promise<Up> {
  const one = await start(...words);
  await eventually("the node's health", 10_000, async () => {
    if (one.agent.child.exitCode !== null) throw new Error(one.agent.output());
    const page = await fetch(`${one.base}/v1/health/node/n1`).catch(() => null);
    return (await page?.text())?.includes("passing") === true ? true : undefined;
  });
  return one;
}

async function text(url: string, init?: RequestInit): Promise<string> {
  return (await fetch(url, init)).text();
}

describe("legate agent -dev", () => {
  it("leads, is its own member and node, and answers indented JSON and DNS", async () => {
    const { base, dns, server } = await up("-dev");
    expect(await text(`${base}/v1/status/leader`)).toBe(`"127.0.0.1:${server}"\n`);
    const self = await text(`${base}/v1/agent/self`);
    expect(self).toMatch(/^\{\n {4}"Config": \{\n/);
    expect(JSON.parse(self)).toMatchObject({
      Config: { Server: true },
      Member: { Tags: { role: "consul" } },
    });
    const found = JSON.parse(await text(`${base}/v1/health/service/consul?passing`));
    expect(found).toMatchObject([{ Node: { Node: "n1" }, Service: { ID: "consul", Port: server } }]);
    const socket = createSocket("udp4");
    const reply = await new Promise<Buffer>((resolve) => {
      socket.once("message", resolve);
      const questions = [{ name: "n1.node.consul", type: "A" as const }];
      socket.send(dnsPacket.encode({ type: "query", questions }), dns, "127.0.0.1");
    });
    socket.close();
    expect(dnsPacket.decode(reply).answers).toMatchObject([{ data: "127.0.0.1" }]);
  });

  it("wakes a blocking query at once, and ends it at its own time", async () => {
    const { base } = await up("-dev");
    await fetch(`${base}/v1/kv/a`, { method: "PUT", body: "1" });
    const first = await fetch(`${base}/v1/kv/a`);
    const index = first.headers.get("x-consul-index");
    const waiting = fetch(`${base}/v1/kv/a?raw&index=${index}&wait=30s`);
    await fetch(`${base}/v1/kv/a`, { method: "PUT", body: "2" });
    expect(await (await waiting).text()).toBe("2");
    const late = await fetch(`${base}/v1/kv/b?index=${index}&wait=10ms`);
    expect(late.status).toBe(404);
  });

  it("ends within a second of SIGINT, with 1 as Consul's server that does not leave, though callers wait", async () => {
    const { agent, base } = await up("-dev");
    const waiting = fetch(`${base}/v1/kv/none?index=1000&wait=60s`).catch(() => null);
    await text(`${base}/v1/status/leader`);
    const before = performance.now();
    expect(await agent.stop("SIGINT")).toBe(1);
    expect(performance.now() - before).toBeLessThan(1_000);
    await waiting;
  });
});

describe("legate agent -server", () => {
  it("keeps what it acknowledged, whether it is ended or killed", async () => {
    const words = ["-server", "-bootstrap-expect=1", `-data-dir=${join(directory.path, "kept")}`];
    const ids = new Set<string>();
    for (const [run, signal] of (["SIGINT", "SIGKILL", "SIGTERM"] as const).entries()) {
      const { agent, base } = await up(...words);
      for (let before = 0; before < run; before++) {
        expect(await text(`${base}/v1/kv/run-${before}?raw`)).toBe("x");
      }
      ids.add(JSON.parse(await text(`${base}/v1/agent/self`)).Config.NodeID);
      expect(await text(`${base}/v1/kv/run-${run}`, { method: "PUT", body: "x" })).toBe("true");
      await agent.stop(signal);
    }
    expect(ids.size).toBe(1);
  });

  it("starts from a file with empty and null sections, in a data directory that is not there yet", async () => {
    const file = join(directory.path, "server.json");
    const dataDir = join(directory.path, "made/by/legate");
    const settings = { server: true, bootstrap: true, data_dir: dataDir, dns_config: {}, performance: null };
    writeFileSync(file, JSON.stringify(settings));
    const { agent, base } = await up(`-config-file=${file}`);
    // Half of the 2 s in which it has to answer on a loaded machine; alone it takes a third of a second.
    expect(cpuMillis(agent.child)).toBeLessThan(1_000);
    expect(JSON.parse(await text(`${base}/v1/agent/members`))).toMatchObject([{ Tags: { bootstrap: "1" } }]);
    expect(existsSync(join(dataDir, "server"))).toBe(true);
  });

  it("refuses a directory in use and a damaged database in one line", async () => {
    const dataDir = join(directory.path, "shared");
    const words = ["-server", "-bootstrap-expect=1", `-data-dir=${dataDir}`];
    const first = await up(...words);
    const second = await start(...words);
    expect(await new Promise((resolve) => second.agent.child.once("exit", resolve))).toBe(1);
    expect(second.agent.output()).toContain(`another server uses the data directory ${dataDir}`);
    await first.agent.stop();
    writeFileSync(
      join(dataDir, "server/server.sqlite"),
      "this is no database, but long enough to look at".repeat(99),
    );
    const third = await start(...words);
    expect(await new Promise((resolve) => third.agent.child.once("exit", resolve))).toBe(1);
    expect(third.agent.output()).toContain("is damaged");
  });
});
