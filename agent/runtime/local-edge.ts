// The edge on one's own machine: the Worker and its server objects in workerd, run directly (docs/decisions/0002).
// Bundles worker/index.ts, keeps everything under the data directory, and owns the workerd process.

import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { Log } from "../ports.ts";
import { controlFile, controlWorker, edgeConfigText, workerFile } from "./edge-config.ts";
import { startEdgeProcess } from "./edge-process.ts";
import { makeDirectory } from "./make-directory.ts";
import { directoryProblem } from "./start-errors.ts";

export type LocalEdgeOptions = {
  readonly dataDir: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly datacenter?: string;
  readonly servers?: number;
  /** The first server shows this port, the others ten more each: 8300 unless told. */
  readonly serverPort?: number;
  readonly mode?: "drowsy" | "awake" | "quiescent";
  /** Opens a second loopback socket that lets `evict` work; never in production. */
  readonly testHooks?: boolean;
  /** What the Worker gets as its management secret; one of its own, kept in the data directory, unless told. */
  readonly secret?: string;
  /** What the objects log: "info" unless told. */
  readonly logLevel?: string;
  readonly log: Log;
};

export type LocalEdge = {
  readonly url: string;
  readonly secret: string;
  readonly datacenter: string;
  /** How many, in words. */
  readonly servers: string;
  /** null while workerd is being started again. */
  readonly workerdPid: number | null;
  /** Puts a server ("server-2") to sleep, as soon as it has no timer and nothing in flight (about 2 s when drowsy). */
  evict(server: string): Promise<void>;
  /** Rows that the runtime counts as written by a server since it was constructed. */
  rowsWritten(server: string): Promise<number>;
  /** Ends all servers in the middle of what they do: what is not durable is gone, sockets close. */
  abortAll(): Promise<void>;
  stop(): Promise<void>;
};

const repository = resolve(import.meta.dirname, "../..");
const host = "127.0.0.1";
export const defaultEdgePort = 8787;

/** Rejects with an error of one line that says what is wrong and what to do. */
export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const dataDir = resolve(options.dataDir);
  const edgeDir = join(dataDir, "edge");
  const datacenter = options.datacenter ?? "dc1";
  const testHooks = options.testHooks ?? false;
  const kept = prepareDirectory(dataDir, edgeDir);
  const secret = options.secret ?? kept;
  const servers = options.servers ?? 3;
  const binary = findWorkerd();
  const { date, flags } = compatibility();
  writeFileSync(join(edgeDir, workerFile), await bundleWorker());
  writeFileSync(join(edgeDir, controlFile), controlWorker);
  const configFile = join(edgeDir, "workerd.capnp");
  const config = edgeConfigText({
    compatibilityDate: date,
    compatibilityFlags: flags,
    vars: {
      LEGATE_DATACENTER: datacenter,
      LEGATE_SERVERS: String(servers),
      LEGATE_SERVER_PORT: String(options.serverPort ?? 8300),
      LEGATE_MODE: options.mode ?? "drowsy",
      LEGATE_LOG_LEVEL: options.logLevel ?? "info",
    },
    secrets: ["LEGATE_MANAGEMENT_SECRET"],
    objectsDir: join(edgeDir, "objects"),
    testHooks,
  });
  writeFileSync(configFile, config);
  const workerd = await startEdgeProcess({
    binary,
    configFile,
    pidFile: join(edgeDir, "workerd.pid"),
    sockets: {
      http: `${host}:${options.port ?? defaultEdgePort}`,
      ...(testHooks ? { control: `${host}:0` } : {}),
    },
    environment: { LEGATE_MANAGEMENT_SECRET: secret },
    experimental: testHooks,
    log: options.log,
  });
  async function control(query: string): Promise<string> {
    if (!testHooks) throw new Error("objects are controlled only with testHooks");
    const reply = await fetch(`http://${host}:${workerd.ports.get("control")}/${query}`);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`the objects did not do it: ${text}`);
    return text;
  }

  return {
    url: `http://${host}:${workerd.ports.get("http")}`,
    secret,
    datacenter,
    servers: servers === 1 ? "1 server" : `${servers} servers`,
    get workerdPid() {
      return workerd.pid();
    },
    evict: async (server) => void (await control(`?evict=${datacenter}/${server}`)),
    rowsWritten: async (server) => Number(await control(`?rows=${datacenter}/${server}`)),
    abortAll: async () => void (await control("")),
    stop: () => workerd.stop(),
  };
}

/** Makes the directories and the secret; the same secret at every start. */
function prepareDirectory(dataDir: string, edgeDir: string): string {
  try {
    makeDirectory(join(edgeDir, "objects"));
    const file = join(dataDir, "management-secret");
    try {
      writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      chmodSync(file, 0o600);
    }
    const secret = readFileSync(file, "utf8").trim();
    if (secret === "") throw new Error(`${file} is empty: remove it`);
    return secret;
  } catch (error) {
    throw new Error(
      `the data directory ${dataDir} ${directoryProblem(error)}: choose another with LEGATE_DATA_DIR, or change its owner`,
    );
  }
}

function findWorkerd(): string {
  try {
    return createRequire(import.meta.url).resolve("workerd/bin/workerd");
  } catch {
    throw new Error("workerd is missing: run `npm ci` in the checkout (it brings the Workers runtime)");
  }
}

/** wrangler.toml is the one place that says which runtime behaviour the Worker was written for. */
function compatibility(): { date: string; flags: string[] } {
  const text = readFileSync(join(repository, "wrangler.toml"), "utf8");
  const date = /^compatibility_date = "([^"]+)"/m.exec(text)?.[1];
  const flags = /^compatibility_flags = \[([^\]]*)\]/m.exec(text)?.[1] ?? "";
  if (date === undefined) throw new Error("wrangler.toml has no compatibility_date");
  return { date, flags: [...flags.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "") };
}

async function bundleWorker(): Promise<string> {
  const result = await build({
    entryPoints: [join(repository, "worker/index.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  }).catch((error: Error) => {
    throw new Error(`the Worker cannot be bundled: ${error.message.replaceAll("\n", " ")}`);
  });
  return result.outputFiles[0]?.text ?? "";
}
