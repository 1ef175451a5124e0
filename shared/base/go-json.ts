// Reads JSON as Go's decoder does: what follows the first value is ignored, and a syntax error has Go's words.
// The native parser does the work; the scanner here runs only when that failed.

import { fail, ok, type Result } from "./result.ts";

/** Parses the first JSON value of a text. */
export function parseGoJson(text: string): Result<unknown, string> {
  return parseWith(text, (json) => JSON.parse(json));
}

/** The same, with whole numbers that a JavaScript number would round as bigint. */
export function parseGoJsonExact(text: string): Result<unknown, string> {
  if (!/\d{16}/.test(text)) return parseGoJson(text);
  return parseWith(text, (json) => JSON.parse(json, keepWholeNumbers));
}

function keepWholeNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function parseWith(text: string, parse: (json: string) => unknown): Result<unknown, string> {
  try {
    return ok(parse(text));
  } catch {
    return scanAndParse(text, parse);
  }
}

function scanAndParse(text: string, parse: (json: string) => unknown): Result<unknown, string> {
  const scanner = new Scanner(text);
  try {
    scanner.value();
  } catch (problem) {
    if (problem instanceof Stop) return fail(problem.message);
    throw problem;
  }
  try {
    return ok(parse(text.slice(0, scanner.at)));
  } catch {
    return fail("invalid JSON");
  }
}

/** Ends a scan at the first error. */
class Stop extends Error {}

const space = /[ \t\r\n]*/y;
const plainText = /[^"\\\x00-\x1f]*/y;
const deepest = 1000; // ours: no body of Consul is deeper than ten, and the stack is finite

class Scanner {
  at = 0;
  readonly #text: string;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    const character = this.#next(this.#depth === 0 ? "EOF" : undefined);
    if (character === "{") this.#container("}", () => this.#member());
    else if (character === "[") this.#container("]", () => this.value());
    else if (character === '"') this.#string();
    else if (character === "-" || isDigit(character)) this.#number();
    else if (character === "t") this.#literal("true");
    else if (character === "f") this.#literal("false");
    else if (character === "n") this.#literal("null");
    else this.#invalid("looking for beginning of value");
  }

  #container(close: "}" | "]", item: () => void): void {
    if (++this.#depth > deepest) throw new Stop("exceeded max depth");
    this.at++;
    if (this.#next() === close) {
      this.at++;
      this.#depth--;
      return;
    }
    for (;;) {
      item();
      const separator = this.#next();
      if (separator === close) break;
      if (separator !== ",")
        this.#invalid(close === "}" ? "after object key:value pair" : "after array element");
      this.at++;
    }
    this.at++;
    this.#depth--;
  }

  #member(): void {
    if (this.#next() !== '"') this.#invalid("looking for beginning of object key string");
    this.#string();
    if (this.#next() !== ":") this.#invalid("after object key");
    this.at++;
    this.value();
  }

  #string(): void {
    for (this.at++; ; ) {
      plainText.lastIndex = this.at;
      plainText.exec(this.#text);
      this.at = plainText.lastIndex;
      const character = this.#peek();
      if (character === '"') break;
      if (character !== "\\") this.#invalid("in string literal");
      this.at++;
      this.#escape();
    }
    this.at++;
  }

  #escape(): void {
    if (this.#peek() !== "u") {
      if (!'"\\/bfnrt'.includes(this.#peek())) this.#invalid("in string escape code");
      this.at++;
      return;
    }
    for (let digit = 0; digit < 4; digit++) {
      this.at++;
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.#invalid("in \\u hexadecimal character escape");
    }
    this.at++;
  }

  #number(): void {
    if (this.#text[this.at] === "-") this.at++;
    if (!isDigit(this.#peek())) this.#invalid("in numeric literal");
    if (this.#text[this.at] === "0") this.at++;
    else this.#digits();
    if (this.#text[this.at] === ".") {
      this.at++;
      if (!isDigit(this.#peek())) this.#invalid("after decimal point in numeric literal");
      this.#digits();
    }
    if (this.#text[this.at] !== "e" && this.#text[this.at] !== "E") return;
    this.at++;
    if (this.#peek() === "+" || this.#peek() === "-") this.at++;
    if (!isDigit(this.#peek())) this.#invalid("in exponent of numeric literal");
    this.#digits();
  }

  #digits(): void {
    while (isDigit(this.#text[this.at] ?? "")) this.at++;
  }

  #literal(word: string): void {
    for (let index = 1; index < word.length; index++) {
      this.at++;
      if (this.#peek() !== word[index]) this.#invalid(`in literal ${word} (expecting '${word[index]}')`);
    }
    this.at++;
  }

  /** The next character that is no space. */
  #next(atEnd?: string): string {
    space.lastIndex = this.at;
    space.exec(this.#text);
    this.at = space.lastIndex;
    return this.#peek(atEnd);
  }

  #peek(atEnd = "unexpected EOF"): string {
    const character = this.#text[this.at];
    if (character === undefined) throw new Stop(atEnd);
    return character;
  }

  #invalid(where: string): never {
    throw new Stop(`invalid character ${quoted(this.#peek())} ${where}`);
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

const escapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "'": "\\'",
  "\\": "\\\\",
};

function quoted(character: string): string {
  return `'${escapes[character] ?? character}'`;
}
