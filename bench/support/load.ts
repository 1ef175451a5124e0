// Load on an HTTP API: `wrk` (a Debian package) for rates, Node's own client where each request is another.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
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

/** Both programs get warm before anything counts: code is compiled, caches are filled. */
const warmSeconds = 1;

/** Requests answered per second once warm; throws when answers were errors, or wrk is not there. */
export async function requestsPerSecond(load: Load): Promise<number> {
  await runWrk({ ...load, seconds: warmSeconds });
  return runWrk(load);
}

/** A body is numbered, so that no write says what is there already: that would cost neither program much. */
function scriptOf({ method = "GET", body = "" }: Load): string {
  const lines = [`wrk.method = ${JSON.stringify(method)}`];
  if (body !== "") {
    lines.push(`local body, n = ${JSON.stringify(body)}, 0`);
    lines.push("request = function() n = n + 1; return wrk.format(nil, nil, nil, body .. n) end");
  }
  return `${lines.join("\n")}\n`;
}

async function runWrk(load: Load): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "legate-wrk-"));
  const script = join(directory, "load.lua");
  writeFileSync(script, scriptOf(load));
  try {
    // One thread of wrk makes more requests than either answers; a second would take their processor.
    const args = ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "-s", script, load.url];
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

/**
 * Sends the same GET on so many bare connections, and resolves once all have begun to be answered: a client that costs
 * little, for Node's own takes longer to read a thousand answers than either program to write them.
 */
export function openWaiters(
  url: string,
  count: number,
): { readonly answered: () => number; readonly last: Promise<number> } {
  const { hostname, port, pathname, search } = new URL(url);
  const sockets: Socket[] = [];
  let answered = 0;
  const last = new Promise<number>((resolve, reject) => {
    const begun = (bytes: number, buffer: Uint8Array): boolean => {
      const status = Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString("latin1", 9, 12);
      if (status !== "200") reject(new Error(`a waiter was answered ${status}`));
      answered += 1;
      if (answered === count) {
        resolve(performance.now());
        for (const socket of sockets) socket.destroy();
      }
      return true;
    };
    for (let number = 0; number < count; number++) {
      const onread = { buffer: Buffer.alloc(2_048), callback: begun };
      const socket = connect({ host: hostname, port: Number(port), onread });
      socket.on("error", reject);
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      sockets.push(socket);
    }
  });
  return { answered: () => answered, last };
}

/** Closes the connections that `ask` kept. */
export function closeConnections(): void {
  keepAlive.destroy();
}
