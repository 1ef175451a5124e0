// `npm start`: a whole datacenter on one machine. Three server objects in workerd and one agent beside them, their data
// under one directory (./.legate, or LEGATE_DATA_DIR), so that the next start finds it again.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ConfigPorts, loadConfig } from "../config/load.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { defaultEdgePort, type LocalEdge, startLocalEdge } from "./local-edge.ts";
import { createLogger } from "./logger.ts";
import { keepServersRegistered } from "./servers-here.ts";

const loopback = "127.0.0.1";
const dnsPort = "8600";
const registerMillis = 1_500;

/** Runs until a signal; `words` are further options of `legate agent`; the exit code comes back. */
export async function runLocalDatacenter(words: readonly string[]): Promise<number> {
  const dataDir = resolve(process.env.LEGATE_DATA_DIR ?? ".legate");
  const log = createLogger("info").log;
  // Until the agent listens to signals, Ctrl-C must not leave workerd behind: it ends with an orderly exit.
  const early = () => process.exit(130);
  process.on("SIGINT", early).on("SIGTERM", early);
  let edge: LocalEdge;
  // Two other programs work meanwhile, esbuild and workerd: the agent's modules are read beside them.
  const agent = setTimeout(0).then(() => import("./run-agent.ts"));
  try {
    const [servers, serverPort] = [numberOf("LEGATE_SERVERS", 3), serverPortOf(words)];
    edge = await startLocalEdge({ dataDir, port: edgePort(), servers, serverPort, log, logLevel: "warn" });
  } catch (error) {
    process.stderr.write(`==> Legate could not start: ${(error as Error).message}\n`);
    return 1;
  }
  const load = () => agentConfig(edge, dataDir, words);
  const config = load();
  if (!config.ok) {
    process.stderr.write(`==> Legate could not start: ${config.error}\n`);
    await edge.stop();
    return 1;
  }
  process.stdout.write(edgeBanner(edge, dataDir));
  const { runAgent } = await agent;
  const service = keepServersRegistered({
    url: edge.url,
    secret: edge.secret,
    node: config.value.nodeName,
    address: config.value.advertiseAddr,
    port: serverPortOf(words),
    log,
  });
  // Whoever asks the agent finds the service. Servers that have no leader yet must not keep the agent from answering.
  await Promise.race([service.registered, setTimeout(registerMillis)]);
  process.off("SIGINT", early).off("SIGTERM", early);
  const code = await runAgent(config.value, load);
  service.stop();
  await edge.stop();
  return code;
}

function edgePort(): number {
  return numberOf("LEGATE_EDGE_PORT", defaultEdgePort);
}

function numberOf(variable: string, otherwise: number): number {
  const text = process.env[variable];
  return text === undefined ? otherwise : Number(text);
}

/** Objects have no ports; the addresses that they show begin here. */
function serverPortOf(words: readonly string[]): number {
  const given = words
    .map((word) => /^--?server-port=(\d+)$/.exec(word)?.[1])
    .find((port) => port !== undefined);
  return Number(given ?? "8300");
}

function agentConfig(
  edge: LocalEdge,
  dataDir: string,
  words: readonly string[],
): Result<RuntimeConfig, string> {
  const own = {
    node: hostname(),
    datacenter: edge.datacenter,
    "data-dir": join(dataDir, "agent"),
    bind: loopback,
    client: loopback,
    "dns-port": dnsPort,
    "edge-url": edge.url,
    "edge-token": edge.secret,
  };
  const flags = Object.entries(own).map(([name, value]) => `-${name}=${value}`);
  // Options of the command line come last and win.
  return loadConfig([...flags, ...words], configPorts);
}

function edgeBanner(edge: LocalEdge, dataDir: string): string {
  return [
    "==> Legate's edge is running",
    `      Datacenter: '${edge.datacenter}', ${edge.servers} as Durable Objects in workerd (process ${edge.workerdPid})`,
    `          Worker: ${edge.url} (needs the secret in ${join(dataDir, "management-secret")})`,
    `            Data: ${dataDir}`,
    "",
    "",
  ].join("\n");
}

const configPorts: ConfigPorts = {
  readText: (path) => attempt(path, () => readFileSync(path, "utf8")),
  listDirectory: (path) => attempt(path, () => (statSync(path).isDirectory() ? readdirSync(path) : null)),
  hostname: hostname(),
  hostAddress: loopback,
  env: process.env,
};

function attempt<T>(path: string, body: () => T): Result<T, string> {
  try {
    return ok(body());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail(`open ${path}: ${code === "ENOENT" ? "no such file or directory" : message}`);
  }
}
