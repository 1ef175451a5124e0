// The programs that are compared: real Consul, Legate with its server in the agent, Legate with its servers in workerd.
// Each is a fresh process group on free ports, its data in a directory that is removed with it.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort, repository } from "../../test/support/legate-process.ts";

export type Contender = {
  readonly name: string;
  /** Its data belongs on a disk of memory, because the one that it is compared with keeps nothing on disk either. */
  readonly inMemory?: boolean;
  /** What it takes to start it; "" when it is not installed. */
  command(ports: Ports, dataDir: string): { file: string; args: string[]; env: Record<string, string> };
};

export type Ports = {
  readonly http: number;
  readonly dns: number;
  readonly server: number;
  readonly lan: number;
  readonly wan: number;
};

export type Started = {
  readonly url: string;
  readonly ports: Ports;
  /** From spawn to the first successful write. */
  readonly readyMillis: number;
  /** Resident memory of the process and all below it, bytes. */
  memory(): number;
  stop(): Promise<void>;
};

const memoryDisk = "/dev/shm"; // Linux

function portFlags(ports: Ports): string[] {
  return [
    `-http-port=${ports.http}`,
    `-dns-port=${ports.dns}`,
    `-server-port=${ports.server}`,
    `-serf-lan-port=${ports.lan}`,
    `-serf-wan-port=${ports.wan}`,
  ];
}

/** A thousand waiters come from one address; 200 are taken unless told. */
function settings(dataDir: string): string[] {
  const file = join(dataDir, "bench.json");
  writeFileSync(file, JSON.stringify({ limits: { http_max_conns_per_client: 5_000 } }));
  return [`-config-file=${file}`];
}

/** The path of real Consul: CONSUL, or `consul` on the PATH; null when there is none. Ours has the same name: skip it. */
export function consulPath(): string | null {
  const own = process.env.CONSUL;
  if (own !== undefined) return existsSync(own) ? own : null;
  const places = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, "consul"));
  return places.find((path) => existsSync(path) && !path.startsWith(repository)) ?? null;
}

export function consul(path: string): Contender {
  return {
    name: "consul",
    command: (ports, dataDir) => ({
      file: path,
      args: ["agent", "-dev", "-node=bench", "-grpc-port=-1", ...settings(dataDir), ...portFlags(ports)],
      env: {},
    }),
  };
}

export const legateDev: Contender = {
  name: "legate -dev",
  command: (ports, dataDir) => ({
    file: join(repository, "agent/bin/legate"),
    args: ["agent", "-dev", "-node=bench", ...settings(dataDir), ...portFlags(ports)],
    env: {},
  }),
};

export const legateEdge: Contender = {
  name: "legate edge",
  inMemory: true,
  command: (ports, dataDir) => ({
    file: join(repository, "node_modules/.bin/node"),
    args: [
      join(repository, "agent/runtime/start.ts"),
      "-node=bench",
      ...settings(dataDir),
      ...portFlags(ports),
    ],
    env: { LEGATE_EDGE_PORT: "0", LEGATE_DATA_DIR: dataDir },
  }),
};

/** Resolves when a write is answered; rejects with its output when it ends before or takes a minute. */
export async function start(contender: Contender): Promise<Started> {
  const place = contender.inMemory === true && existsSync(memoryDisk) ? memoryDisk : tmpdir();
  const dataDir = mkdtempSync(join(place, "legate-bench-"));
  const [http = 0, dns = 0, server = 0, lan = 0, wan = 0] = await Promise.all(
    Array.from({ length: 5 }, () => freePort()),
  );
  const ports = { http, dns, server, lan, wan };
  const { file, args, env } = contender.command(ports, dataDir);
  const from = performance.now();
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      output = (output + chunk).slice(-4_000);
    });
  const url = `http://127.0.0.1:${http}`;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() - from > 60_000) {
      child.kill("SIGKILL");
      throw new Error(`${contender.name} did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    url,
    ports,
    readyMillis: performance.now() - from,
    memory: () => memoryOf(child.pid ?? 0),
    async stop() {
      await end(child);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const reply = await fetch(`${url}/v1/kv/ready`, { method: "PUT", body: "1" }).catch(() => null);
  return reply?.ok === true && (await reply.text()).trim() === "true";
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}

/** Linux only; children are found by their parent. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? "0") * 1024;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return children.filter(Boolean).reduce((sum, child) => sum + memoryOf(Number(child)), own);
  } catch {
    return 0;
  }
}
