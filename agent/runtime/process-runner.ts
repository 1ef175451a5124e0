// Runs the program of a script check: in its own process group, without input, its output bounded to the last bytes.

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import type { ProcessRunner, ProgramResult } from "../ports.ts";

export const processRunner: ProcessRunner = { run };

/** Bytes that are kept while a program writes: the last ones, and how many there were. */
export class Tail {
  readonly #bytesMax: number;
  #kept: Buffer = Buffer.alloc(0);
  total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(chunk: Buffer): void {
    this.total += chunk.length;
    const joined = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#kept = joined.subarray(Math.max(0, joined.length - this.#bytesMax));
  }

  text(): string {
    return this.#kept.toString();
  }
}

function run(
  args: readonly string[],
  timeoutMillis: number,
  outputBytesMax: number,
  onOutput: (piece: Uint8Array) => void = () => {},
): Promise<ProgramResult> {
  const tail = new Tail(outputBytesMax);
  const [program = "", ...rest] = args;
  return new Promise((resolve) => {
    let timedOut = false;
    let settled = false;
    const settle = (exitCode: number | null, error: string): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(lastTimer);
      resolve({ exitCode, output: tail.text(), outputBytes: tail.total, timedOut, error });
    };
    let lastTimer: ReturnType<typeof setTimeout> | undefined;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
      // A process that left the group may still hold the pipes: what it writes is not waited for.
      lastTimer = setTimeout(() => settle(null, ""), graceMillis);
    }, timeoutMillis);
    // An empty name makes Node throw where the system would say ENOENT.
    const child = spawn(program === "" ? "/" : program, rest, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        tail.add(chunk);
        onOutput(chunk);
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => settle(null, startErrorText(program, error)));
    child.on("close", (code) => settle(code, ""));
  });
}

const graceMillis = 500;

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in this very moment.
  }
}

/** Go's texts for a program that cannot be started. */
function startErrorText(program: string, error: NodeJS.ErrnoException): string {
  const missing = error.code === "ENOENT" || program === "";
  if (missing && !program.includes("/") && program !== "") {
    return `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
  }
  const reason = missing
    ? "no such file or directory"
    : error.code === "EACCES"
      ? "permission denied"
      : error.message;
  return `fork/exec ${program}: ${reason}`;
}
