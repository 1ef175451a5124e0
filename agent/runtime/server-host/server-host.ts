// The server of worker/server in the agent's process (design.md §1): in memory for -dev, else in the data directory.
// It is a datacenter of its own; its answers go to the agent's Backend without a link between.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { createServer, type Server } from "../../../worker/server/server.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Log, OwnServer } from "../../ports.ts";
import { consulVersion } from "../../../shared/version.ts";
import { createWake, hostPorts } from "./ports.ts";
import { type HostSql, openSql } from "./sql.ts";

/** Where a server keeps its database, under the data directory. */
const directory = "server";
const databaseFile = "server.sqlite";

/** `crashed` is told of a broken invariant: what is in memory cannot be trusted then, and the process must end. */
export function openServerHost(
  config: RuntimeConfig,
  log: Log,
  crashed: (why: string) => void,
): Result<OwnServer, string> {
  const sql = openDatabase(config.dataDir);
  if (!sql.ok) return sql;
  let server: Server;
  const wake = createWake(Date.now, () => guard("timer", () => server.wake()));

  function guard(event: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log("error", "server: crashed", { event, error: text });
      crashed(`${event}: ${text}`);
    }
  }

  const ports = hostPorts(sql.value, wake, log);
  const guarded = { ...ports, defer: (body: () => void) => ports.defer(() => guard("deferred", body)) };
  try {
    server = createServer(guarded, serverConfig(config));
  } catch (error) {
    sql.value.close();
    return fail(databaseText(config.dataDir, error));
  }
  let open = true;
  const backend: Backend = {
    call: (method, request, cancellation) =>
      open
        ? server.backend.call(method, request, cancellation)
        : Promise.resolve(fail(serverError("noServers", "the server stops"))),
  };
  return ok({
    backend,
    start: () => guard("start", () => server.start()),
    stop() {
      if (!open) return;
      open = false;
      wake.stop();
      // What is deferred in this turn still commits; after that nothing reaches the database.
      setImmediate(() => setImmediate(() => sql.value.close()));
    },
  });
}

function serverConfig(config: RuntimeConfig): ServerConfig {
  const id = config.nodeName as ServerId;
  const host = config.advertiseAddr.includes(":") ? `[${config.advertiseAddr}]` : config.advertiseAddr;
  return {
    datacenter: config.datacenter,
    id,
    servers: [id],
    addressOf: { [id]: `${host}:${config.ownServer?.port ?? 8300}` },
    mode: "awake",
    sessionTtlMinMillis: config.sessionTtlMinMillis,
    version: consulVersion,
  };
}

function openDatabase(dataDir: string): Result<HostSql, string> {
  try {
    if (dataDir === "") return ok(openSql(":memory:"));
    mkdirSync(join(dataDir, directory), { recursive: true, mode: 0o700 });
    return ok(openSql(join(dataDir, directory, databaseFile)));
  } catch (error) {
    return fail(databaseText(dataDir, error));
  }
}

/** One line with what to do. */
function databaseText(dataDir: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const path = join(dataDir, directory, databaseFile);
  if (/database is locked/.test(text))
    return `another server uses the data directory ${dataDir}: end it, or choose another with -data-dir`;
  if (/not a database|malformed|corrupt/.test(text))
    return `the server's database ${path} is damaged (${text}): restore the data directory from a backup, or move it away to start empty`;
  return `the server's database ${dataDir === "" ? "in memory" : path} cannot be used: ${text}`;
}
