// The command line: finds the command, reads its options, runs it. Called by agent/main.ts; the number is the exit code.

import { parseFlags } from "../config/flags.ts";
import { commandHelp, groupHelp, optionsOf, programHelp } from "./help.ts";
import type { CliPorts } from "./ports.ts";
import { commands, groups, missingCommands } from "./registry.ts";

const helpWords = ["-h", "-help", "--help", "-?", "--h"];
const versionWords = ["-v", "-version", "--version"];

/** Runs one command line (without the program's own name). */
export async function runCli(words: readonly string[], ports: CliPorts): Promise<number> {
  const [first = "", second = ""] = words;
  if (first === "") return unknownCommand(ports, null);
  if (first === "help")
    return words.length > 1 ? runCli([...words.slice(1), "-h"], ports) : printProgramHelp(ports);
  if (helpWords.includes(first)) return printProgramHelp(ports);
  if (versionWords.includes(first)) return runCli(["version"], ports);

  const group = groups.find(({ name }) => name === first);
  const command = commands.find(({ name }) => name === (group === undefined ? first : `${first} ${second}`));
  if (command === undefined) {
    if (group === undefined) return unknownCommand(ports, first);
    const below = commands.filter(({ name }) => name.startsWith(`${first} `));
    const asked = helpWords.includes(second);
    if (!asked && second !== "")
      ports.stderr(`${missingText(ports, `${first} ${second}`) ?? `"${first} ${second}" is no command`}\n\n`);
    (asked ? ports.stdout : ports.stderr)(groupHelp(ports.program, group, below));
    return asked ? 0 : 1;
  }

  const rest = words.slice(group === undefined ? 1 : 2);
  const flags = parseFlags(optionsOf(command), rest);
  const help = `${ports.program} ${command.name} -h`;
  if (!flags.ok) {
    if (flags.error.kind === "help") {
      ports.stdout(commandHelp(ports.program, command));
      return 0;
    }
    ports.stderr(`${flags.error.text}\nAll options: ${help}\n`);
    return 1;
  }
  const count = flags.value.args.length;
  if (command.argsMax >= 0 && count > command.argsMax) {
    const late = flags.value.args.some((word) => /^--?[a-z]/.test(word))
      ? " Options stand before other words."
      : "";
    ports.stderr(
      `Too many arguments (expected ${command.argsMax}, got ${count}).${late} All options: ${help}\n`,
    );
    return 1;
  }
  return command.run({ ports, flags: flags.value });
}

function printProgramHelp(ports: CliPorts): number {
  ports.stdout(usage(ports));
  return 0;
}

/** 127 as shells have it for a command that is not there. */
function unknownCommand(ports: CliPorts, word: string | null): number {
  const missing = word === null ? null : missingText(ports, word);
  if (missing !== null) {
    ports.stderr(`${missing}\n`);
    return 1;
  }
  if (word !== null) ports.stderr(`"${word}" is no command\n\n`);
  ports.stderr(usage(ports));
  return 127;
}

function missingText(ports: CliPorts, name: string): string | null {
  if (!missingCommands.includes(name)) return null;
  return `"${ports.program} ${name}" is not available yet: see docs/compatibility.md`;
}

function usage(ports: CliPorts): string {
  const top = [...groups, ...commands.filter(({ name }) => !name.includes(" "))];
  return programHelp(
    ports.program,
    top.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
}
