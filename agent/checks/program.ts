// Script and Docker checks: exit code 0 is passing, 1 warning, anything else critical (surface E). Texts are Consul's.

import type { Millis } from "../../shared/base/brand.ts";
import { formatGoDuration } from "../../shared/base/millis.ts";
import type { CheckDefinition, OtherCheck } from "../../shared/structs/service-definition.ts";
import type { OtherProbes, ProgramResult } from "../ports.ts";
import type { CheckResult } from "./status.ts";

export const programTimeoutMillisDefault: Millis = 30_000;

/** One run. */
export async function runProgramCheck(
  definition: CheckDefinition,
  other: OtherCheck & { readonly kind: "script" | "docker" },
  probes: OtherProbes,
  outputBytesMax: number,
): Promise<CheckResult> {
  const timeout = definition.timeoutMillis > 0 ? definition.timeoutMillis : programTimeoutMillisDefault;
  const result =
    other.kind === "script"
      ? await probes.processes.run(other.args, timeout, outputBytesMax)
      : await probes.docker.run(other.container, inShell(other.shell, other.args), timeout, outputBytesMax);
  return judgeProgram(result, timeout);
}

function inShell(shell: string, args: readonly string[]): readonly string[] {
  return [shell === "" ? "/bin/sh" : shell, "-c", ...args];
}

/** Status and output of a program that ended, was ended, or never began. */
export function judgeProgram(result: ProgramResult, timeoutMillis: Millis): CheckResult {
  if (result.error !== "") return { status: "critical", output: result.error };
  const output = captured(result);
  if (result.timedOut) {
    const text = `Timed out (${formatGoDuration(timeoutMillis)}) running check`;
    return { status: "critical", output: output === "" ? text : `${text}\n\n${output}` };
  }
  if (result.exitCode === 0) return { status: "passing", output };
  return { status: result.exitCode === 1 ? "warning" : "critical", output };
}

/** The end of an output that was too long: what went wrong stands there. */
function captured({ output, outputBytes }: ProgramResult): string {
  const kept = new TextEncoder().encode(output).length;
  return outputBytes <= kept ? output : `Captured ${kept} of ${outputBytes} bytes\n...\n${output}`;
}
