// The agent as a process, without any server: doors, banner, signals, and what it says when it cannot start.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, statSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dnsPacket from "dns-packet";
import { afterAll, describe, expect, it } from "vitest";
import { standardDnsConfig } from "../../agent/config/dns-config.ts";
import { standardHttpConfig } from "../../agent/config/http-config.ts";
import { standardTelemetryConfig } from "../../agent/config/telemetry-config.ts";
import type { RuntimeConfig } from "../../agent/config/runtime-config.ts";
import { eventually, freePort, type Running, scratch, watch } from "../support/legate-process.ts";

const directory = scratch("run-agent");
const running: Running[] = [];
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop("SIGKILL")));
  directory.remove();
});

async function configOf(changes: Partial<RuntimeConfig> = {}): Promise<RuntimeConfig> {
  return {
    nodeName: "n1",
    nodeId: "",
    nodeMeta: {},
    datacenter: "dc1",
    domain: "consul.",
    dataDir: join(directory.path, "data"),
    bindAddr: "127.0.0.1",
    advertiseAddr: "127.0.0.1",
    serfLanPort: 8301,
    gossip: null,
    http: [{ host: "127.0.0.1", port: await freePort() }],
    dns: [{ host: "127.0.0.1", port: await freePort() }],
    ownServer: null,
    performance: { raftMultiplier: 1, rpcHoldMillis: 7_000, leaveDrainMillis: 0 },
    edgeUrls: [`http://127.0.0.1:${await freePort()}`],
    edgeToken: "",
    defaultToken: "",
    logLevel: "info",
    sessionTtlMinMillis: 10_000,
    checkUpdateIntervalMillis: 300_000,
    checkOutputBytesMax: 4_096,
    enableRemoteScripts: false,
    discardCheckOutput: false,
    leaveOnTerminate: true,
    skipLeaveOnInterrupt: false,
    disableRemoteExec: true,
    httpConfig: standardHttpConfig,
    dnsConfig: standardDnsConfig,
    telemetry: standardTelemetryConfig,
    sidecarPorts: { min: 21_000, max: 21_255 },
    services: [],
    checks: [],
    ...changes,
  };
}

function start(config: RuntimeConfig): Running {
  const script = join(import.meta.dirname, "run-agent-process.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const one = watch(child);
  running.push(one);
  return one;
}

async function up(config: RuntimeConfig): Promise<Running> {
  const agent = start(config);
  await eventually("the agent's banner", 10_000, () =>
    agent.output().includes("stream in") || agent.child.exitCode !== null ? true : undefined,
  );
  return agent;
}

describe("the agent's process", () => {
  it("says what runs and what to try, answers HTTP and reloads on SIGHUP", async () => {
    const config = await configOf();
    const agent = await up(config);
    const base = `http://127.0.0.1:${config.http[0]!.port}`;
    expect(agent.output()).toContain(`curl ${base}/v1/catalog/nodes`);
    expect(agent.output()).toContain(`dig @127.0.0.1 -p ${config.dns[0]!.port} n1.node.consul`);
    expect(agent.output()).toContain(`legate members -http-addr=127.0.0.1:${config.http[0]!.port}`);
    const self = await fetch(`${base}/v1/agent/self`);
    expect([self.status, self.headers.get("vary")]).toEqual([200, "Accept-Encoding"]);
    agent.child.kill("SIGHUP");
    await eventually("the reloaded node meta", 5_000, async () =>
      (await (await fetch(`${base}/v1/agent/self`)).text()).includes('"reloaded":"yes"') ? true : undefined,
    );
    expect(await agent.stop("SIGTERM")).toBe(0);
  });

  it("listens on a unix socket, tells of its host and metrics, and lets its log be followed", async () => {
    const base = await configOf();
    const path = join(mkdtempSync(join(tmpdir(), "legate-socket-")), "http.sock");
    const unixSockets = { user: -1, group: -1, mode: 0o600 };
    const agent = await up({
      ...base,
      http: [...base.http, { host: "", port: 0, socket: path }],
      httpConfig: { ...base.httpConfig, unixSockets },
    });
    const overSocket = (target: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get({ socketPath: path, path: target }, resolve).once("error", reject);
      });
    expect((await overSocket("/v1/agent/host")).statusCode).toBe(200);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const log = await overSocket("/v1/agent/monitor?loglevel=info");
    expect(log.statusCode).toBe(200);
    const line = new Promise<string>((resolve) =>
      log.once("data", (piece: Buffer) => resolve(piece.toString())),
    );
    agent.child.kill("SIGHUP");
    expect(await line).toContain("[INFO]");
    log.destroy();
    const metrics = await fetch(`http://127.0.0.1:${base.http[0]!.port}/v1/agent/metrics`);
    expect(await metrics.text()).toContain('"Gauges"');
    expect(await agent.stop()).toBe(0);
  });

  it("answers DNS with SERVFAIL while no server can be reached", async () => {
    const config = await configOf();
    const agent = await up(config);
    const socket = createSocket("udp4");
    const reply = await new Promise<Buffer>((resolve) => {
      socket.once("message", resolve);
      const questions = [{ name: "web.service.consul", type: "A" as const }];
      socket.send(dnsPacket.encode({ type: "query", questions }), config.dns[0]!.port, "127.0.0.1");
    });
    socket.close();
    expect(reply[3]! & 15).toBe(2);
    expect(await agent.stop()).toBe(0);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "exits with 0 within a second of %s, servers or not",
    async (signal) => {
      const agent = await up(await configOf());
      const before = performance.now();
      expect(await agent.stop(signal)).toBe(0);
      expect(performance.now() - before).toBeLessThan(1_000);
    },
  );

  it("names the port that is in use and exits with 1", async () => {
    const config = await configOf();
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(config.dns[0]!.port, "127.0.0.1", resolve));
    const agent = start(config);
    const code = await new Promise((resolve) => agent.child.once("exit", resolve));
    blocker.close();
    expect(code).toBe(1);
    expect(agent.output().trim().split("\n")).toEqual([
      expect.stringMatching(
        `^==> Legate could not start: DNS cannot listen on .*:${config.dns[0]!.port}: the port is in use`,
      ),
    ]);
  });
});
