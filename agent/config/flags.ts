// Command line options the way Go's flag package reads them, because scripts written for Consul rely on it:
// `-name` and `--name` are the same, a value follows as `=value` or as the next word, booleans take a value only with
// `=`, and options end at the first word that is none (so `kv put key -5` writes "-5"). node:util's parseArgs and the
// maintained libraries read `-http-addr` as a cluster of one-letter options, so this table-driven reader is ours.

import { fail, ok, type Result } from "../../shared/base/result.ts";

export type FlagType = "bool" | "text" | "int" | "uint" | "list" | "pairs";

export type FlagSpec = {
  readonly name: string;
  readonly type: FlagType;
  /** What stands for the value in the help: `-name=<value>`. */
  readonly value?: string;
  readonly doc: string;
  /** Accepted, but not shown in the help: a name of old Consul versions. */
  readonly hidden?: boolean;
};

export type ParsedFlags = {
  /** Every option given, in order; the same name may come more than once. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** The words after the options. */
  readonly args: readonly string[];
};

export type FlagProblem = { readonly kind: "help" } | { readonly kind: "wrong"; readonly text: string };

/** Reads options up to the first word that is none. */
export function parseFlags(
  specs: readonly FlagSpec[],
  words: readonly string[],
): Result<ParsedFlags, FlagProblem> {
  const given: (readonly [string, string])[] = [];
  let position = 0;
  while (position < words.length) {
    const word = words[position] ?? "";
    if (word.length < 2 || !word.startsWith("-")) break;
    position += 1;
    if (word === "--") break;
    const body = word.startsWith("--") ? word.slice(2) : word.slice(1);
    if (body === "" || body.startsWith("-") || body.startsWith("=")) return wrong(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const spec = specs.find((candidate) => candidate.name === name);
    if (spec === undefined) {
      if (name === "h" || name === "help") return fail({ kind: "help" });
      return wrong(`flag provided but not defined: -${name}`);
    }
    let value = equals < 0 ? null : body.slice(equals + 1);
    if (value === null && spec.type === "bool") value = "true";
    if (value === null) {
      if (position >= words.length) return wrong(`flag needs an argument: -${name}`);
      value = words[position] ?? "";
      position += 1;
    }
    const problem = checkValue(spec, value);
    if (problem !== null) return wrong(`invalid value "${value}" for flag -${name}: ${problem}`);
    given.push([name, value]);
  }
  return ok({ given, args: words.slice(position) });
}

/** The last value given; undefined when the option was not given. */
export function flagText(flags: ParsedFlags, name: string): string | undefined {
  return flags.given.findLast(([given]) => given === name)?.[1];
}

export function flagList(flags: ParsedFlags, name: string): readonly string[] {
  return flags.given.filter(([given]) => given === name).map(([, value]) => value);
}

export function flagBool(flags: ParsedFlags, name: string): boolean {
  return parseGoBool(flagText(flags, name) ?? "false") === true;
}

/** Go's spellings of a boolean; null for anything else. */
export function parseGoBool(text: string): boolean | null {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  return null;
}

function checkValue(spec: FlagSpec, value: string): string | null {
  if (spec.type === "bool" && parseGoBool(value) === null) return "parse error";
  if (spec.type === "int" && !/^[+-]?\d+$/.test(value)) return "parse error";
  if (spec.type === "uint" && !isUint64(value)) return "parse error";
  return null;
}

function isUint64(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n;
}

function wrong(text: string): { readonly ok: false; readonly error: FlagProblem } {
  return fail({ kind: "wrong", text });
}
