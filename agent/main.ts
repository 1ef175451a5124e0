// The program: gives the command line (agent/cli) this process's streams, files and network, and ends with its code.

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { enableCompileCache } from "node:module";
import { hostname, networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import { fail, ok, type Result } from "../shared/base/result.ts";
import { writeFileTree } from "./runtime/file-tree.ts";
import type { CliHttpReply, CliHttpRequest, CliPorts } from "./cli/ports.ts";

function attempt<T>(verb: string, path: string, body: () => T): Result<T, string> {
  try {
    return ok(body());
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const words = {
      ENOENT: "no such file or directory",
      EACCES: "permission denied",
      EISDIR: "is a directory",
    };
    return fail(`${verb} ${path}: ${words[code as keyof typeof words] ?? code}`);
  }
}

/** Resolves when all that was written to it has been taken. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}

/** The first private IPv4 address of this host, as Consul chooses one. */
function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  const isPrivate = (address: string) =>
    /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(address);
  return usable.find(isPrivate) ?? usable[0] ?? "127.0.0.1";
}

async function readStdin(): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** node:http rather than fetch: the path goes out as it is (fetch rewrites "..") and it starts faster. */
async function http(request: CliHttpRequest): Promise<Result<CliHttpReply, string>> {
  const socketPath = /^unix:\/\/(\/.*)$/.exec(request.origin)?.[1];
  const url = new URL(socketPath === undefined ? request.origin : "http://localhost");
  const secure = url.protocol === "https:";
  const { request: open } = secure ? await import("node:https") : await import("./runtime/node-http.ts");
  const { tls } = request;
  const file = (path: string) => (path === "" ? undefined : readFileSync(path));
  const body = request.body === null ? null : Buffer.from(request.body);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (secure ? 443 : 80));
  const options = {
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    method: request.method,
    path: request.path,
    headers: { ...request.headers, ...(body === null ? {} : { "Content-Length": String(body.length) }) },
    agent: false,
    ...(secure
      ? {
          ca: file(tls.caFile),
          cert: file(tls.certFile),
          key: file(tls.keyFile),
          rejectUnauthorized: tls.verify,
        }
      : {}),
    ...(secure && tls.serverName !== "" ? { servername: tls.serverName } : {}),
  };
  return new Promise((resolve) => {
    const outgoing = open(options, (reply) => {
      const pieces: Buffer[] = [];
      const onPiece = reply.statusCode === 200 ? request.onPiece : undefined;
      reply.on("data", (piece: Buffer) => (onPiece === undefined ? pieces.push(piece) : onPiece(piece)));
      reply.on("end", () => resolve(ok(replyOf(reply, pieces))));
      reply.on("error", (error) => resolve(fail(error.message)));
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      resolve(
        fail(
          socketPath === undefined
            ? dialError(error, `${host}:${port}`)
            : dialError(error, socketPath).replace("dial tcp", "dial unix"),
        ),
      ),
    );
    request.onStart?.(() => {
      outgoing.destroy();
      resolve(fail("given up"));
    });
    outgoing.end(body ?? undefined);
  });
}

function replyOf(reply: IncomingMessage, pieces: readonly Buffer[]): CliHttpReply {
  const headers = Object.fromEntries(
    Object.entries(reply.headers).map(([name, value]) => [name, String(value ?? "")]),
  );
  return { status: reply.statusCode ?? 0, body: Buffer.concat(pieces), headers };
}

/** A failed connection in Go's words, which scripts look for. */
function dialError(error: NodeJS.ErrnoException, address: string): string {
  const words = {
    ECONNREFUSED: "connect: connection refused",
    ETIMEDOUT: "i/o timeout",
    ENOTFOUND: "lookup: no such host",
    ECONNRESET: "read: connection reset by peer",
    ENOENT: "connect: no such file or directory",
  };
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  const code = error.code ?? inner?.code ?? "";
  return `dial tcp ${address}: ${words[code as keyof typeof words] ?? (error.message || code)}`;
}

const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const ports: CliPorts = {
  program: basename(process.env.LEGATE_PROGRAM ?? "") || "legate",
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  readFile: (path) => attempt("open", path, () => new Uint8Array(readFileSync(path))),
  writeFile: (path, bytes) => attempt("open", path, () => writeFileSync(path, bytes, { mode: 0o600 })),
  writeTree: (directory, files) => attempt("open", directory, () => writeFileTree(directory, files)),
  gzip: async (bytes) => (await import("node:zlib")).gzipSync(bytes),
  gunzip: async (bytes, bytesMax) =>
    (await import("./runtime/compression.ts")).compression.gunzip(bytes, bytesMax),
  readStdin,
  env: process.env,
  http,
  spawn: async (request) => (await import("./runtime/child-process.ts")).spawnChild(request),
  now: () => Date.now(),
  after(millis, body) {
    const timer = setTimeout(body, millis);
    return () => clearTimeout(timer);
  },
  onInterrupt(body) {
    for (const signal of interrupts) process.on(signal, body);
    return () => {
      for (const signal of interrupts) process.off(signal, body);
    };
  },
  randomBytes: (count) => randomBytes(count),
  config: {
    readText: (path) => attempt("open", path, () => readFileSync(path, "utf8")),
    listDirectory: (path) =>
      attempt("open", path, () => (statSync(path).isDirectory() ? readdirSync(path) : null)),
    hostname: hostname(),
    hostAddress: hostAddress(),
    env: process.env,
  },
  runAgent: async (config, reload) => (await import("./runtime/run-agent.ts")).runAgent(config, reload),
};

// A reader that has seen enough (`legate kv get -recurse x | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
// Halves the time to the first answer. In our own directory: what is cached is code, and /tmp is everybody's. Where it
// cannot be written Node goes on without.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/legate"));
const { runCli } = await import("./cli/run.ts");
process.exitCode = await runCli(process.argv.slice(2), ports);
// A command that was interrupted leaves a request behind that waits for an answer nobody wants, and an agent sockets that
// take their time to close: once all is said, this is the end. Whoever reads may be slow; only an agent does not wait for
// that. A server closes its database in between.
const exit = () => process.exit();
if (process.argv[2] === "agent") setTimeout(exit, 200).unref();
await Promise.all([process.stdout, process.stderr].map(written));
setTimeout(exit, 20).unref();
