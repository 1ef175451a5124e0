// The command line: finds the command, reads its options, runs it. Called by agent/main.ts; the number is the exit code.

import { parseFlags } from "../config/flags.ts";
import type { CommandGroup } from "./command.ts";
import { commandHelp, groupHelp, optionsOf, programHelp } from "./help.ts";
import type { CliPorts } from "./ports.ts";
import { commands, groups, missingCommands } from "./registry.ts";

const helpWords = ["-h", "-help", "--help", "-?", "--h"];
const versionWords = ["-v", "-version", "--version"];

/** Runs one command line (without the program's own name). */
export async function runCli(words: readonly string[], ports: CliPorts): Promise<number> {
  const [first = ""] = words;
  if (first === "") return unknownCommand(ports, null);
  if (first === "help")
    return words.length > 1 ? runCli([...words.slice(1), "-h"], ports) : printProgramHelp(ports);
  if (helpWords.includes(first)) return printProgramHelp(ports);
  if (versionWords.includes(first)) return runCli(["version"], ports);

  const { group, depth } = groupOf(words);
  const last = words[depth] ?? "";
  const command = commands.find(({ name }) => name === words.slice(0, depth + 1).join(" "));
  if (command === undefined) {
    if (group === undefined) return unknownCommand(ports, first);
    const asked = helpWords.includes(last);
    const name = `${group.name} ${last}`;
    if (!asked && last !== "") ports.stderr(`${missingText(ports, name) ?? `"${name}" is no command`}\n\n`);
    (asked ? ports.stdout : ports.stderr)(groupHelp(ports.program, group, directlyBelow(group.name)));
    return asked ? 0 : 1;
  }

  const rest = words.slice(depth + 1);
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

/** The group that the first words name ("operator raft"), and how many words that are. */
function groupOf(words: readonly string[]): {
  readonly group: CommandGroup | undefined;
  readonly depth: number;
} {
  for (let depth = Math.min(words.length, 2); depth > 0; depth--) {
    const name = words.slice(0, depth).join(" ");
    const group = groups.find((candidate) => candidate.name === name);
    if (group !== undefined) return { group, depth };
  }
  return { group: undefined, depth: 0 };
}

/** Its commands and the groups in it. */
function directlyBelow(name: string): readonly { readonly name: string; readonly summary: string }[] {
  const depth = name.split(" ").length + 1;
  return [...commands, ...groups]
    .filter((one) => one.name.startsWith(`${name} `) && one.name.split(" ").length === depth)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
  const top = [
    ...groups.filter(({ name }) => !name.includes(" ")),
    ...commands.filter(({ name }) => !name.includes(" ")),
  ];
  return programHelp(
    ports.program,
    top.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
}
