// Runs the job of a remote execution: a program, or a script that is put into a file only for its owner.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "../../shared/limits.ts";
import type { JobRunner } from "../ports.ts";
import { processRunner } from "./process-runner.ts";

export const jobRunner: JobRunner = {
  async run(job, output) {
    if ("args" in job) return await runProgram(job.args, output);
    const directory = mkdtempSync(join(tmpdir(), "rexec"));
    try {
      const file = join(directory, "script");
      writeFileSync(file, job.script, { mode: 0o700 });
      // Without an interpreter in its first line it is one for the shell.
      const args = job.script[0] === 0x23 && job.script[1] === 0x21 ? [file] : ["/bin/sh", file];
      return await runProgram(args, output);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function runProgram(
  args: readonly string[],
  output: (piece: Uint8Array) => void,
): Promise<number | null> {
  const { exitCode } = await processRunner.run(args, limits.remoteExecMillisMax, 0, output);
  return exitCode;
}
