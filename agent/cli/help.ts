// Help texts, made from the registry: the list of commands, a group's commands, one command's options.

import type { FlagSpec } from "../config/flags.ts";
import type { Command, CommandGroup } from "./command.ts";
import { agentOptions, serverOptions } from "./http-client.ts";
import { wrap } from "./output.ts";

/** Everything a command understands. */
export function optionsOf(command: Command): readonly FlagSpec[] {
  return [...command.flags, ...httpOptions(command)];
}

/** `legate` and `legate help`. */
export function programHelp(program: string, rows: readonly { name: string; summary: string }[]): string {
  return `Usage: ${program} [--version] [--help] <command> [<args>]\n\nAvailable commands are:\n${listOf(rows, 14)}`;
}

/** `legate kv -h`. */
export function groupHelp(
  program: string,
  group: CommandGroup,
  commands: readonly { readonly name: string; readonly summary: string }[],
): string {
  const rows = commands.map(({ name, summary }) => ({ name: name.split(" ").at(-1) ?? name, summary }));
  const usage = `Usage: ${program} ${group.name} <subcommand> [options] [args]`;
  return `${usage}\n\n${paragraphs(program, group.help)}\nSubcommands:\n${listOf(rows, 0)}`;
}

/** `legate kv get -h`. */
export function commandHelp(program: string, command: Command): string {
  const args = command.args === "" ? "" : ` ${command.args}`;
  const parts = [`Usage: ${program} ${command.name} [options]${args}\n`, paragraphs(program, command.help)];
  const http = httpOptions(command);
  if (http.length > 0) parts.push(`HTTP API Options\n\n${optionList(http)}`);
  const own = command.flags.filter((flag) => flag.hidden !== true);
  if (own.length > 0) parts.push(`Command Options\n\n${optionList(own)}`);
  return parts.join("\n");
}

function httpOptions(command: Command): readonly FlagSpec[] {
  if (command.asks === "none") return [];
  const options = command.asks === "server" ? [...agentOptions, ...serverOptions] : agentOptions;
  return options.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function optionList(flags: readonly FlagSpec[]): string {
  const entries = flags
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, value, doc }) => {
      const head = type === "bool" ? `  -${name}\n` : `  -${name}=<${value ?? "value"}>\n`;
      return head + wrap(doc, "     ", 79);
    });
  return entries.join("\n");
}

function paragraphs(program: string, text: string): string {
  const blocks = text.trim().split(/\n\s*\n/);
  const lines = blocks.map((block) =>
    block.startsWith("$ ") ? `      $ ${program} ${block.slice(2).trim()}\n` : wrap(block, "  ", 79),
  );
  return lines.join("\n");
}

function listOf(rows: readonly { name: string; summary: string }[], widthMin: number): string {
  const width = Math.max(widthMin, ...rows.map(({ name }) => name.length));
  return rows.map(({ name, summary }) => `    ${name.padEnd(width)} ${"   "}${summary}\n`).join("");
}
