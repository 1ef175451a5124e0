// HCL 1 to plain values: what Consul's configuration files, service definitions and config entries are written in. A
// block is an object, a block that comes again makes a list of objects, a label is an object around the block. Text
// that begins with "{" is read as JSON, with comments and commas at the end as HCL allows them.

import { fail, ok, type Result } from "../base/result.ts";
import { limits } from "../limits.ts";
import { HclMistake, HclScanner, type HclToken } from "./scanner.ts";

/** The object that a text describes. The error says "At LINE:COLUMN: …", as Consul does. */
export function parseHcl(source: string): Result<Record<string, unknown>, string> {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  if (text.length > limits.hclSourceCharactersMax)
    return fail(`At 1:1: the text is longer than ${limits.hclSourceCharactersMax} characters`);
  try {
    const isJson = /^\s*\{/.test(text);
    const parser = new Parser(new HclScanner(text, isJson));
    return ok(isJson ? parser.wholeObject() : parser.items("EOF", 0));
  } catch (error) {
    if (!(error instanceof HclMistake)) throw error;
    const { line, column } = error.place;
    return fail(`At ${line}:${column}: ${error.message}`);
  }
}

class Parser {
  readonly #scanner: HclScanner;
  #token: HclToken;

  constructor(scanner: HclScanner) {
    this.#scanner = scanner;
    this.#token = scanner.next();
  }

  /** `{ … }` and nothing behind it. */
  wholeObject(): Record<string, unknown> {
    this.#take();
    const object = this.items("RBRACE", 1);
    if (this.#token.kind !== "EOF")
      this.#fail(`nothing may follow the closing brace, got: ${this.#token.kind}`);
    return object;
  }

  /** Keys and values up to `end`, which is taken. */
  items(end: "EOF" | "RBRACE", depth: number): Record<string, unknown> {
    const values = new Map<string, unknown>();
    while (this.#token.kind !== end) {
      if (this.#token.kind === "EOF") this.#fail("object expected closing RBRACE got: EOF");
      this.#item(values, depth);
      // Commas between items are allowed, and one behind the last.
      if (this.#token.kind === "COMMA") this.#take();
    }
    this.#take();
    // fromEntries defines own properties, so that a key named __proto__ is a key like any other.
    return Object.fromEntries(values);
  }

  #item(values: Map<string, unknown>, depth: number): void {
    const keys = this.#keys();
    const [key = "", ...labels] = keys;
    const isBlock = this.#token.kind === "LBRACE";
    if (!isBlock) this.#take();
    const value = this.#value(depth + labels.length);
    const labelled = labels.reduceRight<unknown>(
      (inner, label) => Object.fromEntries([[label, inner]]),
      value,
    );
    values.set(key, this.#joined(values.get(key), labelled));
  }

  /** Lists that came of blocks under one key, which grow in place. */
  readonly #blocks = new WeakSet<object>();

  /** Objects under one key add up; of other values the last one counts. */
  #joined(known: unknown, value: unknown): unknown {
    if (!isObject(value)) return value;
    if (Array.isArray(known) && this.#blocks.has(known)) {
      known.push(value);
      return known;
    }
    const before = isObject(known) ? [known] : Array.isArray(known) && known.every(isObject) ? known : null;
    if (before === null) return value;
    const list = [...before, value];
    this.#blocks.add(list);
    return list;
  }

  /** The names in front of "=" or "{". */
  #keys(): readonly string[] {
    const keys: string[] = [];
    for (;;) {
      const { kind, value } = this.#token;
      if (kind === "IDENT" || kind === "STRING") keys.push(String(value));
      else if (kind === "BOOL" || kind === "NULL") keys.push(this.#token.text);
      else if (keys.length === 0 && kind === "ASSIGN") this.#fail("no object keys found!");
      else if (kind === "ASSIGN" && keys.length > 1) this.#fail("nested object expected: LBRACE got: ASSIGN");
      else if (keys.length > 0 && (kind === "ASSIGN" || kind === "LBRACE")) return keys;
      else this.#fail(`expected: IDENT | STRING | ASSIGN | LBRACE got: ${kind}`);
      if (keys.length > limits.hclDepthMax) this.#fail("too many names in front of a block");
      this.#take();
    }
  }

  #value(depth: number): unknown {
    if (depth > limits.hclDepthMax) this.#fail("nested too deeply");
    const token = this.#token;
    switch (token.kind) {
      case "STRING":
      case "HEREDOC":
      case "NUMBER":
      case "FLOAT":
      case "BOOL":
        this.#take();
        return token.value;
      case "NULL":
        this.#take();
        return null;
      case "LBRACE":
        this.#take();
        return this.items("RBRACE", depth + 1);
      case "LBRACK":
        this.#take();
        return this.#list(depth + 1);
      default:
        return this.#fail(
          `Unknown token: ${token.place.line}:${token.place.column} ${token.kind} ${token.text}`.trimEnd(),
        );
    }
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = [];
    while (!this.#is("RBRACK")) {
      list.push(this.#value(depth));
      if (this.#is("COMMA")) this.#take();
      else if (!this.#is("RBRACK"))
        this.#fail(`error parsing list, expected comma or list end, got: ${this.#token.kind}`);
    }
    this.#take();
    return list;
  }

  #is(kind: HclToken["kind"]): boolean {
    return this.#token.kind === kind;
  }

  #take(): void {
    if (this.#token.kind !== "EOF") this.#token = this.#scanner.next();
  }

  #fail(what: string): never {
    throw new HclMistake(this.#token.place, what);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
