// Load on an HTTP API: `wrk` (a Debian package) for rates, Node's own client where each request is another.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Load = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly method?: "GET" | "PUT";
  readonly body?: string;
};

/** Requests answered per second; throws when answers were errors, or wrk is not there. */
export async function requestsPerSecond(load: Load): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "legate-wrk-"));
  const script = join(directory, "load.lua");
  writeFileSync(
    script,
    `wrk.method = ${JSON.stringify(load.method ?? "GET")}\nwrk.body = ${JSON.stringify(load.body ?? "")}\n`,
  );
  try {
    const threads = load.connections === 1 ? 1 : 2;
    const args = [`-t${threads}`, `-c${load.connections}`, `-d${load.seconds}s`, "-s", script, load.url];
    const { stdout } = await run("wrk", args).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new Error("wrk is not installed: apt-get install wrk") : error;
    });
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`errors under load of ${load.url}:\n${stdout}`);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? "NaN");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const keepAlive = new Agent({ keepAlive: true, maxSockets: 2_000 });

export type Reply = {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
};

/** One request over a connection that stays open. */
export function ask(method: string, url: string, body = ""): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: keepAlive }, (reply) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (chunk) => {
        text += chunk;
      });
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Closes the connections that `ask` kept. */
export function closeConnections(): void {
  keepAlive.destroy();
}
