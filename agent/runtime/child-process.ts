// Programs that the command line runs: their output is ours, their end is an exit code.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import type { CliChild, CliSpawn } from "../cli/ports.ts";

/** Starts a program; the error says why it could not be started. */
export function spawnChild(request: CliSpawn): Promise<Result<CliChild, string>> {
  const { words, shell, passStdin, stdin } = request;
  const [file = "", ...args] = shell ? [process.env.SHELL || "/bin/sh", "-c", words.join(" ")] : words;
  const child = spawn(file, args, {
    stdio: [passStdin ? "inherit" : stdin === undefined ? "ignore" : "pipe", "inherit", "inherit"],
    env: { ...process.env, ...request.env },
  });
  // A program that does not read its input is no error.
  child.stdin?.on("error", () => {});
  child.stdin?.end(stdin);
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  return new Promise((resolve) => {
    child.once("spawn", () => resolve(ok({ exited, kill: (signal) => void child.kill(signal) })));
    child.once("error", (error) => resolve(fail(startProblem(file, error))));
  });
}

/** In the words of a shell's user rather than of the system call. */
function startProblem(file: string, error: Error & { readonly code?: string }): string {
  if (error.code !== "ENOENT") return error.message;
  const where = file.includes("/") ? "no such file or directory" : "executable file not found in $PATH";
  return file.includes("/") ? `fork/exec ${file}: ${where}` : `exec: ${JSON.stringify(file)}: ${where}`;
}
