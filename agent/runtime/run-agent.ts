// The agent as a process: opens its doors, starts it, and ends it when a signal or the API says so.

import { flushCompileCache } from "node:module";
import { join, relative } from "node:path";
import { type Agent, createAgent } from "../agent.ts";
import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { leaveMillisMax } from "../leaving.ts";
import type { ListenAddress, RuntimeConfig } from "../config/runtime-config.ts";
import { ensureNodeId } from "../local/node.ts";
import { createServerDirectory } from "../rpc/server-directory.ts";
import { createDnsHandler } from "../dns/handler.ts";
import type { AgentPorts, Log } from "../ports.ts";
import { startBanner } from "./banner.ts";
import { dnsCodec } from "./dns-codec.ts";
import { dnsExchange } from "./dns-exchange.ts";
import { listenDns } from "./dns-listener.ts";
import { fitHeapToLoad } from "./heap-room.ts";
import { listenHttp } from "./http-listener.ts";
import { createLogger, type Logger } from "./logger.ts";
import { nodeAgentPorts } from "./ports.ts";
import { onSignals } from "./signals.ts";
import { listenErrorText, prepareDataDir } from "./start-errors.ts";

/** A leave ends by itself within its bound; this is for one that does not. */
const leaveMillis = leaveMillisMax + 1_000;
/** For all that is closed at the end, at once: an interrupted server is gone within a second. */
const stopMillis = 500;

/** agent/bin/legate as it can be typed in this directory. */
function programHere(): string {
  const program = join(import.meta.dirname, "../bin/legate");
  const near = relative(process.cwd(), program);
  return near.startsWith("..") ? program : near;
}

/** "left": the API has made the agent leave already. */
type Ending = "leave" | "stop" | "left" | { readonly failed: string };

type Doors = {
  readonly http: readonly ListenAddress[];
  readonly dns: readonly ListenAddress[];
  close(): Promise<void>;
};

/** Runs until a signal or PUT /v1/agent/leave; resolves with the exit code. The caller exits the process with it. */
export async function runAgent(
  given: RuntimeConfig,
  reloadConfig: () => Result<RuntimeConfig, string>,
): Promise<number> {
  const dataDir = prepareDataDir(given.dataDir);
  if (!dataDir.ok) return startFailed(dataDir.error);
  const logger = createLogger(given.logLevel);
  let end: (how: Ending) => void = () => {};
  const ending = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const nodePorts = nodeAgentPorts(given, logger.log);
  // A server's id is its node's, so that it must be known before the server is opened.
  const config = { ...given, nodeId: ensureNodeId(given, nodePorts) };
  const server = await openOwnServer(config, logger.log);
  if (!server.ok) return startFailed(server.error);
  const ports = { ...nodePorts, followLog: logger.follow, ...server.value };
  const agent = createAgent(config, ports, {
    reload: async () => reload(agent, logger, reloadConfig),
    left: () => end("left"),
    failed: (why) => end({ failed: why }),
  });
  const doors = await openDoors(agent, config, ports);
  if (!doors.ok) {
    await agent.pool?.stop();
    server.value.ownServer?.stop();
    return startFailed(doors.error);
  }
  // They stay until the process is gone: one that came in the last moment would end it without the exit code.
  onSignals({
    reload: () => void reload(agent, logger, reloadConfig),
    interrupt: () => end(agent.config().skipLeaveOnInterrupt ? "stop" : "leave"),
    terminate: () => end(agent.config().leaveOnTerminate ? "leave" : "stop"),
    force: () => process.exit(1),
  });
  agent.start();
  if (config.ownServer === null) fitHeapToLoad(); // a pause is nothing to a client
  flushCompileCache(); // also for those that are killed: the next start is the faster one
  process.stdout.write(startBanner(programHere(), agent.config(), doors.value.http, doors.value.dns));
  for (const at of doors.value.http)
    logger.log("info", "Started HTTP server", {
      address: at.socket ?? `${at.host}:${at.port}`,
      network: at.socket === undefined ? "tcp" : "unix",
    });
  for (const at of doors.value.dns)
    logger.log("info", "Started DNS server", { address: `${at.host}:${at.port}`, network: "udp and tcp" });
  const how = await ending;
  const failed = typeof how === "object" ? how.failed : null;
  if (failed !== null) logger.log("error", `agent: ${failed}`);
  // As Consul: whoever ends without having left ends with 1.
  const code = how === "leave" || how === "left" ? 0 : 1;
  await shutDown(agent, logger, doors.value, typeof how === "object" ? "stop" : how);
  logger.log("info", `Exit code: ${code}`);
  return code;
}

/** The server in this process, loaded only when the configuration has one. */
async function openOwnServer(config: RuntimeConfig, log: Log): Promise<Result<Partial<AgentPorts>, string>> {
  if (config.ownServer === null) return ok({});
  const { openServerHost } = await import("./server-host/server-host.ts");
  const directory = createServerDirectory();
  const opened = openServerHost({
    config,
    directory,
    secrets: () => directory.secrets(),
    log,
    // After a broken invariant only what is on disk can be trusted: end at once, whoever supervises starts us again.
    crashed: () => process.exit(70),
  });
  if (!opened.ok) return opened;
  try {
    await opened.value.listen();
  } catch (error) {
    const text = listenErrorText("Server", config.bindAddr, config.ownServer.port, error);
    if (!config.ownServer.dev) {
      opened.value.stop();
      return fail(text);
    }
    log("warn", `${text}; no other server or agent can join this one`);
  }
  return ok({ ownServer: opened.value, directory });
}

function startFailed(why: string): number {
  process.stderr.write(`==> Legate could not start: ${why}\n`);
  return 1;
}

function reload(
  agent: Agent,
  logger: Logger,
  reloadConfig: () => Result<RuntimeConfig, string>,
): Result<void, string> {
  logger.log("info", "Reloading configuration...");
  const next = reloadConfig();
  if (!next.ok) {
    logger.log("error", "Reloading failed; the old configuration stays", { error: next.error });
    return fail(next.error);
  }
  logger.setLevel(next.value.logLevel);
  agent.reload(next.value);
  return ok(undefined);
}

/** Opens every port or none. */
async function openDoors(
  agent: Agent,
  config: RuntimeConfig,
  ports: AgentPorts,
): Promise<Result<Doors, string>> {
  const open: { close(): Promise<void> }[] = [];
  const close = async () => void (await Promise.all(open.map((door) => door.close())));
  const http: ListenAddress[] = [];
  const dns: ListenAddress[] = [];
  const { log } = ports;
  const pool = await agent.openPool();
  if (!pool.ok) return pool;
  const handle = createDnsHandler({
    backend: agent.backend,
    settings: () => agent.config(),
    codec: dnsCodec,
    exchange: dnsExchange,
    cache: agent.cache,
    random: ports.entropy.random,
    now: () => Date.now(),
    timers: ports.timers,
    waitsForLeader: () => ports.ownServer?.hasState() === false,
  });
  for (const at of config.http) {
    try {
      const door = await listenHttp({
        ...at,
        settings: config.httpConfig,
        handle: (request) => agent.handleHttp(request),
        log,
      });
      open.push(door);
      http.push({ ...at, port: door.port });
    } catch (error) {
      await close();
      return fail(listenErrorText("HTTP", at.socket ?? at.host, at.port, error));
    }
  }
  for (const at of config.dns) {
    try {
      const door = await listenDns({ ...at, handle, log });
      open.push(door);
      dns.push({ host: at.host, port: door.port });
    } catch (error) {
      await close();
      return fail(listenErrorText("DNS", at.host, at.port, error));
    }
  }
  return ok({ http, dns, close });
}

async function shutDown(agent: Agent, logger: Logger, doors: Doors, how: Ending): Promise<void> {
  const { ownServer, nodeName } = agent.config();
  const peers = (agent.pool?.members() ?? []).filter(({ Name, Status }) => Name !== nodeName && Status === 1);
  // Alone, a server has nobody to tell that it leaves.
  const leaves = how === "leave" && (ownServer === null || peers.length > 0);
  if (leaves && (agent.status().linked || peers.length > 0)) {
    logger.log("info", "Leaving: deregistering this node");
    if (!(await within(leaveMillis, agent.leave())))
      logger.log("warn", "Nobody confirmed the leave in time; the node may stay in the catalog");
  } else if (leaves) {
    logger.log("warn", "Nobody can be reached to leave: the node stays in the catalog");
  }
  await within(stopMillis, Promise.all([agent.stop(), doors.close()]));
}

/** Whether the work ended, well or not, before the time was over. */
async function within(millis: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), millis);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  const ended = await Promise.race([done, late]);
  clearTimeout(timer);
  return ended;
}
