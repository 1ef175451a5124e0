// The workerd process under the local edge: started, brought back when it dies, ended within two seconds.
// A node that is killed cannot end its workerd: a shell that waits for the end of a pipe does. Should that be gone, too,
// workerd's pid is on file, and the next start ends it.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Log } from "../ports.ts";

export type EdgeProcessOptions = {
  readonly binary: string;
  readonly configFile: string;
  readonly pidFile: string;
  /** Socket name to "host:port"; port 0 takes any free one. */
  readonly sockets: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly experimental: boolean;
  readonly log: Log;
};

export type EdgeProcess = {
  readonly ports: ReadonlyMap<string, number>;
  pid(): number | null;
  stop(): Promise<void>;
};

const startMillisMax = 20_000;
const drainMillis = 500; // open WebSockets would hold a polite end for ever; every acknowledged write is on disk
const restartMillisMin = 100;
const restartMillisMax = 5_000;

/** Resolves when every socket listens. Rejects with one line that says what is wrong. */
export async function startEdgeProcess(options: EdgeProcessOptions): Promise<EdgeProcess> {
  await endStale(options);
  let stopping = false;
  let restart: NodeJS.Timeout | null = null;
  let delay = restartMillisMin;
  let sockets = options.sockets;
  let child: ChildProcess | null = null;

  async function launch(): Promise<ReadonlyMap<string, number>> {
    const started = spawnWorkerd(options, sockets);
    child = started.child;
    if (child.pid !== undefined) writeFileSync(options.pidFile, `${child.pid} ${process.pid}\n`);
    const ports = await started.listening;
    delay = restartMillisMin;
    started.child.once("exit", (code, signal) => died(signal ?? `code ${code}`));
    return ports;
  }

  function died(how: string): void {
    child = null;
    if (stopping) return;
    options.log("warn", "workerd ended, starting it again", { how });
    restart = setTimeout(() => launch().catch((error: Error) => died(error.message)), delay);
    delay = Math.min(delay * 2, restartMillisMax);
  }

  // A process that exits on its own account does not leave its child behind.
  const onExit = () => void child?.kill("SIGKILL");
  process.once("exit", onExit);
  const ports = await launch().catch((error) => {
    process.off("exit", onExit);
    throw error;
  });
  // The same ports after a restart: agents and browsers know them.
  sockets = Object.fromEntries([...ports].map(([name, port]) => [name, `127.0.0.1:${port}`]));

  return {
    ports,
    pid: () => child?.pid ?? null,
    async stop() {
      stopping = true;
      if (restart !== null) clearTimeout(restart);
      if (child !== null) await end(child);
      process.off("exit", onExit);
      rmSync(options.pidFile, { force: true });
    },
  };
}

type Started = { readonly child: ChildProcess; readonly listening: Promise<ReadonlyMap<string, number>> };

function spawnWorkerd(options: EdgeProcessOptions, sockets: Readonly<Record<string, string>>): Started {
  const addresses = Object.entries(sockets).map(([name, address]) => `--socket-addr=${name}=${address}`);
  const experimental = options.experimental ? ["--experimental"] : [];
  const args = ["serve", "--control-fd=3", ...addresses, ...experimental, options.configFile, "config"];
  const child = spawn(options.binary, args, {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...options.environment },
    detached: true, // Ctrl-C is ours to handle: the agent still has to say goodbye
  });
  endWithUs(child);
  const firstErrors: string[] = [];
  readLines(child.stdout, (line) => forward(line, options.log));
  readLines(child.stderr, (line) => {
    if (firstErrors.length < 20) firstErrors.push(line);
    options.log("debug", `workerd: ${line}`);
  });
  const listening = new Promise<ReadonlyMap<string, number>>((resolve, reject) => {
    const ports = new Map<string, number>();
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`workerd did not start within ${startMillisMax / 1000} s`));
    }, startMillisMax);
    readLines(child.stdio[3] as Readable, (line) => {
      const event = JSON.parse(line) as { event?: string; socket?: string; port?: number };
      if (event.event === "listen" && event.socket !== undefined) ports.set(event.socket, event.port ?? 0);
      if (ports.size < Object.keys(sockets).length) return;
      clearTimeout(timer);
      resolve(ports);
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`workerd cannot be run (${options.binary}): ${error.message}`));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      reject(new Error(startFailure(firstErrors, sockets, signal ?? `code ${code}`)));
    });
  });
  return { child, listening };
}

/** However this process ends, the pipe to the watcher closes with it. */
function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const script = `read end; kill -TERM ${child.pid}; sleep 1; kill -KILL ${child.pid}`;
  const watcher = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // Without a shell there is no watcher, which is what the pid on file is for.
  watcher.on("error", () => {});
  watcher.stdin.on("error", () => {});
  watcher.unref();
  child.once("exit", () => watcher.kill("SIGKILL"));
}

function readLines(stream: Readable | null, each: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", each);
}

function startFailure(
  errors: readonly string[],
  sockets: Readonly<Record<string, string>>,
  how: string,
): string {
  const text = errors.join(" ");
  if (/address already in use|EADDRINUSE/i.test(text)) {
    return `${sockets.http} is already in use: stop the program that has it, or choose another port`;
  }
  if (/permission denied|EACCES/i.test(text))
    return `workerd may not listen on ${sockets.http} or use its files`;
  return `workerd ended while starting (${how}): ${text.slice(0, 400)}`;
}

/** The Worker writes its log as lines of JSON; anything else is passed on as it is. */
function forward(line: string, log: Log): void {
  try {
    const { level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const known = (["debug", "info", "warn", "error"] as const).find((name) => name === level);
    log(known ?? "debug", `edge: ${String(message)}`, fields);
  } catch {
    log("debug", `workerd: ${line}`);
  }
}

/** SIGTERM, and SIGKILL when that is not enough. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), drainMillis);
  await ended;
  clearTimeout(timer);
}

/** Ends a workerd that an earlier run left behind with this configuration file; refuses while that run still lives. */
async function endStale(options: EdgeProcessOptions): Promise<void> {
  const [pid = 0, owner = 0] = readPids(options.pidFile);
  const found = pid > 1 ? lookUp(pid) : null;
  if (found?.command.includes(options.configFile) !== true) return;
  // An orphan has another parent than the one that started it.
  if (found.parent === owner) {
    throw new Error(`another Legate (process ${owner}) is running on this data directory`);
  }
  options.log("warn", "ending a workerd that an earlier run left behind", { pid });
  signal(pid, "SIGTERM");
  for (let waited = 0; lookUp(pid) !== null; waited += 20) {
    if (waited === drainMillis) signal(pid, "SIGKILL");
    if (waited > 5_000) throw new Error(`process ${pid}, left by an earlier run, cannot be ended`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** workerd's pid and that of the process that started it. */
function readPids(file: string): number[] {
  try {
    return readFileSync(file, "utf8").trim().split(" ").map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

/** Command line and parent of a live process; null when there is none (a zombie is none). */
function lookUp(pid: number): { command: string; parent: number } | null {
  try {
    if (process.platform === "linux") {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      if (command === "") return null;
      return { command, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? "0") };
    }
    const line = execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], { encoding: "utf8" }).trim();
    const [, parent, command] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    return { command: command ?? "", parent: Number(parent) };
  } catch {
    return null;
  }
}
