// What a command is: a row of the registry, from which the help is made, and a function.

import type { FlagSpec, ParsedFlags } from "../config/flags.ts";
import type { CliPorts } from "./ports.ts";

export type CommandContext = { readonly ports: CliPorts; readonly flags: ParsedFlags };

export type Command = {
  /** "kv get" */
  readonly name: string;
  /** One line for lists of commands. */
  readonly summary: string;
  /** What follows the options: "[KEY_OR_PREFIX]". */
  readonly args: string;
  /** Paragraphs and examples; lines that begin with "$ " are examples. */
  readonly help: string;
  /** none: no agent is asked; agent: the agent's own state; server: answered by servers (-datacenter, -stale). */
  readonly asks: "none" | "agent" | "server";
  readonly flags: readonly FlagSpec[];
  /** How many words may follow; -1 for any number. */
  readonly argsMax: number;
  readonly run: (context: CommandContext) => Promise<number> | number;
};

/** A word that only has commands below it ("kv"). */
export type CommandGroup = { readonly name: string; readonly summary: string; readonly help: string };
