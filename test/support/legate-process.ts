// Real processes for test/system: agents of this checkout on loopback addresses, dig, and ports that are free.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const repository = join(import.meta.dirname, "../..");
export const legate = join(repository, "agent/bin/legate");
const run = promisify(execFile);

/** A directory of its own; `remove` it at the end. */
export function scratch(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `legate-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A TCP port that was free a moment ago. */
export function freePort(host = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Polls until `check` gives something other than undefined; says what was awaited when it never does. */
export async function eventually<T>(
  what: string,
  limitMillis: number,
  check: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const start = Date.now();
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() - start > limitMillis) throw new Error(`not within ${limitMillis} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export type Running = {
  readonly child: ChildProcess;
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Starts `agent/bin/legate` with `args`. */
export function startLegate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return watch(spawn(legate, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Keeps a child's output and knows how to end it. */
export function watch(child: ChildProcess): Running {
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    child,
    output: () => text,
    stop: (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

/** One CLI command to its end. */
export async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(legate, [...args], { env: { ...process.env, ...env } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string };
    return { code: failed.code ?? -1, stdout: failed.stdout ?? "", stderr: failed.stderr ?? "" };
  }
}

/** User and system time that a process has taken: unlike the clock it does not grow with what else the machine does. */
export function cpuMillis(child: ChildProcess): number {
  // The name may hold spaces; fields 14 and 15 of proc(5) count ticks of 10 ms.
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Whether a program is on this machine; system tests that need it are skipped, and say so, when it is not. */
export async function has(program: string): Promise<boolean> {
  return run("sh", ["-c", `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/** dig's answer as lines. */
export async function dig(server: string, port: number, ...question: readonly string[]): Promise<string[]> {
  const { stdout } = await run("dig", [`@${server}`, "-p", String(port), "+tries=1", "+time=2", ...question]);
  return stdout.split("\n").filter((line) => line !== "");
}
