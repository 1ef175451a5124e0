// Runs the program of a Docker check inside of its container, through the Docker engine's HTTP API on its unix socket
// (POST /containers/ID/exec, POST /exec/ID/start, GET /exec/ID/json). Without Docker the check says so.

import { Buffer } from "node:buffer";
import type { DockerExec, ProgramResult } from "../ports.ts";
import { request } from "./node-http.ts";
import { Tail } from "./process-runner.ts";

/** Over the socket that DOCKER_HOST names, else the usual one. */
export function dockerExec(host: string | undefined): DockerExec {
  const socket = host?.startsWith("unix://") === true ? host.slice("unix://".length) : "/var/run/docker.sock";
  return {
    async run(container, args, timeoutMillis, outputBytesMax) {
      const tail = new Tail(outputBytesMax);
      const deadline = AbortSignal.timeout(timeoutMillis);
      try {
        const exitCode = await execute(socket, container, args, tail, deadline);
        return done(tail, exitCode);
      } catch (error) {
        if (deadline.aborted) return { ...done(tail, null), timedOut: true };
        return { ...done(tail, null), error: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

function done(tail: Tail, exitCode: number | null): ProgramResult {
  return { exitCode, output: tail.text(), outputBytes: tail.total, timedOut: false, error: "" };
}

async function execute(
  socket: string,
  container: string,
  args: readonly string[],
  tail: Tail,
  signal: AbortSignal,
): Promise<number> {
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  const body = { AttachStdin: false, AttachStdout: true, AttachStderr: true, Tty: false, Cmd: args };
  const what = `create exec failed for container ${container}`;
  const created = await call(socket, "POST", path, body, signal, what);
  if (created.status === 404) throw new Error(`create exec failed for unknown container ${container}`);
  if (created.status !== 201) throw new Error(`${what}: status ${created.status}: ${created.text()}`);
  const id = String((JSON.parse(created.text()) as { Id?: unknown }).Id ?? "");
  const start = `/exec/${encodeURIComponent(id)}/start`;
  const demultiplexer = new Demultiplexer(tail);
  const started = await call(socket, "POST", start, { Detach: false, Tty: false }, signal, what, (chunk) =>
    demultiplexer.add(chunk),
  );
  if (started.status !== 200)
    throw new Error(`start exec failed for container ${container}: status ${started.status}`);
  const inspected = await call(socket, "GET", `/exec/${encodeURIComponent(id)}/json`, null, signal, what);
  const { ExitCode } = JSON.parse(inspected.text()) as { ExitCode?: unknown };
  return typeof ExitCode === "number" ? ExitCode : -1;
}

type Reply = { readonly status: number; text(): string };

const replyBytesMax = 1 << 20;

function call(
  socket: string,
  method: "GET" | "POST",
  path: string,
  body: unknown,
  signal: AbortSignal,
  what: string,
  stream?: (chunk: Buffer) => void,
): Promise<Reply> {
  const text = body === null ? "" : JSON.stringify(body);
  const headers = {
    Host: "docker",
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, method, path, headers, agent: false, signal }, (reply) => {
      const tail = new Tail(replyBytesMax);
      const streamed = stream !== undefined && reply.statusCode === 200;
      reply.on("data", (chunk: Buffer) => (streamed ? stream(chunk) : tail.add(chunk)));
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text: () => tail.text() }));
      reply.on("error", reject);
    });
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const reasons: Readonly<Record<string, string>> = {
        ENOENT: "no such file or directory",
        ECONNREFUSED: "connection refused",
        EACCES: "permission denied",
      };
      const reason = reasons[error.code ?? ""] ?? error.message;
      const url = `http://${encodeURIComponent(socket)}${path}`;
      const verb = `${method.charAt(0)}${method.slice(1).toLowerCase()}`;
      reject(new Error(`${what}: ${verb} "${url}": dial unix ${socket}: connect: ${reason}`));
    });
    sent.end(text);
  });
}

const frameHeaderBytes = 8;

/** Docker's stream: 1 byte for which stream, 3 of nothing, 4 for the length of what follows. */
class Demultiplexer {
  readonly #tail: Tail;
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;

  constructor(tail: Tail) {
    this.#tail = tail;
  }

  add(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length > 0) {
      if (this.#left === 0) {
        if (bytes.length < frameHeaderBytes) break;
        this.#left = bytes.readUInt32BE(4);
        bytes = bytes.subarray(frameHeaderBytes);
        continue;
      }
      const part = bytes.subarray(0, this.#left);
      this.#tail.add(part);
      this.#left -= part.length;
      bytes = bytes.subarray(part.length);
    }
    this.#rest = Buffer.from(bytes);
  }
}
