// Words of HCL 1, the language of Consul's configuration files: names, texts with "${…}" left as they are, numbers,
// <<TEXT …TEXT and the signs between them. Every word knows its line and column, for errors.

import { readString } from "./strings.ts";

/** Where something stands; both count from 1, columns in characters. */
export type HclPlace = { readonly line: number; readonly column: number };

export type HclToken = {
  /** The words of Consul's own messages. */
  readonly kind: HclTokenKind;
  /** As written. */
  readonly text: string;
  /** What a text, number or boolean means. */
  readonly value: string | number | boolean;
  readonly place: HclPlace;
};

export type HclTokenKind =
  | "IDENT"
  | "STRING"
  | "HEREDOC"
  | "NUMBER"
  | "FLOAT"
  | "BOOL"
  | "NULL"
  | "ASSIGN"
  | "COMMA"
  | "LBRACE"
  | "RBRACE"
  | "LBRACK"
  | "RBRACK"
  | "EOF";

/** Thrown by scanner and parser, caught in parse.ts alone. */
export class HclMistake extends Error {
  readonly place: HclPlace;
  constructor(place: HclPlace, what: string) {
    super(what);
    this.place = place;
  }
}

const signs: Readonly<Record<string, HclTokenKind>> = {
  "=": "ASSIGN",
  ",": "COMMA",
  "{": "LBRACE",
  "}": "RBRACE",
  "[": "LBRACK",
  "]": "RBRACK",
};

const name = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy;
const number = /-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/y;
const space = /[ \t\r\n]*/y;
const heredocStart = /<<(-?)([\p{L}\p{Nd}_]+)\r?\n/uy;

export class HclScanner {
  readonly #text: string;
  readonly #isJson: boolean;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  /** `isJson`: a ":" stands for "=", and null is a word. */
  constructor(text: string, isJson: boolean) {
    this.#text = text;
    this.#isJson = isJson;
  }

  next(): HclToken {
    this.#skip();
    const place = this.#placeAt(this.#at);
    const char = this.#text[this.#at];
    if (char === undefined) return { kind: "EOF", text: "", value: "", place };
    const sign = char === ":" && this.#isJson ? "ASSIGN" : signs[char];
    if (sign !== undefined) {
      this.#at += 1;
      return { kind: sign, text: char, value: char, place };
    }
    if (char === '"') return this.#string(place);
    if (char === "<") return this.#heredoc(place);
    return this.#word(place) ?? this.#number(place) ?? this.#fail(this.#at, "illegal char");
  }

  #placeAt(at: number): HclPlace {
    return { line: this.#line, column: at - this.#lineStart + 1 };
  }

  #fail(at: number, what: string): never {
    throw new HclMistake(this.#placeAt(at), what);
  }

  /** Moves on, counting lines. */
  #advance(to: number): void {
    for (
      let at = this.#text.indexOf("\n", this.#at);
      at >= 0 && at < to;
      at = this.#text.indexOf("\n", at + 1)
    ) {
      this.#line += 1;
      this.#lineStart = at + 1;
    }
    this.#at = to;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  /** Over spaces and comments. */
  #skip(): void {
    for (;;) {
      this.#advance(this.#at + (this.#match(space)?.[0].length ?? 0));
      const two = this.#text.slice(this.#at, this.#at + 2);
      if (two.startsWith("#") || two === "//") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#advance(end < 0 ? this.#text.length : end);
      } else if (two === "/*") {
        const end = this.#text.indexOf("*/", this.#at + 2);
        if (end < 0) {
          this.#advance(this.#text.length);
          this.#fail(this.#at, "comment not terminated");
        }
        this.#advance(end + 2);
      } else return;
    }
  }

  #string(place: HclPlace): HclToken {
    const read = readString(this.#text, this.#at);
    if ("mistake" in read) {
      this.#advance(read.at);
      this.#fail(read.at, read.mistake);
    }
    const text = this.#text.slice(this.#at, read.end);
    this.#advance(read.end);
    return { kind: "STRING", text, value: read.value, place };
  }

  #heredoc(place: HclPlace): HclToken {
    const start = this.#match(heredocStart);
    if (start === null) this.#fail(this.#at, "heredoc anchor expected: <<NAME, alone on its line");
    const [opening, dash = "", anchor = ""] = start ?? [];
    const first = this.#at + (opening ?? "").length;
    const end = new RegExp(`^[ \\t]*${anchor}[ \\t]*\\r?$`, "mu");
    const rest = this.#text.slice(first);
    const found = end.exec(rest);
    if (found === null) {
      this.#advance(this.#text.length);
      this.#fail(this.#at, "heredoc not terminated");
    }
    const body = rest.slice(0, found?.index ?? 0);
    const text = this.#text.slice(this.#at, first + (found?.index ?? 0) + (found?.[0].length ?? 0));
    this.#advance(this.#at + text.length);
    return { kind: "HEREDOC", text, value: dash === "-" ? withoutIndent(body) : body, place };
  }

  #word(place: HclPlace): HclToken | null {
    const text = this.#match(name)?.[0];
    if (text === undefined) return null;
    this.#at += text.length;
    if (text === "true" || text === "false") return { kind: "BOOL", text, value: text === "true", place };
    const kind = this.#isJson && text === "null" ? "NULL" : "IDENT";
    return { kind, text, value: text, place };
  }

  #number(place: HclPlace): HclToken | null {
    const text = this.#match(number)?.[0];
    if (text === undefined) return null;
    this.#at += text.length;
    const isWhole = /^-?(0[xX][0-9a-fA-F]+|\d+)$/.test(text);
    const value = isWhole ? wholeNumber(text) : Number(text);
    if (!Number.isFinite(value)) this.#fail(this.#at, `${text} is no number`);
    return { kind: isWhole ? "NUMBER" : "FLOAT", text, value, place };
  }
}

/** With a leading 0 octal and with 0x hexadecimal, as in Go. */
function wholeNumber(text: string): number {
  const digits = text.replace(/^-/, "");
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return text.startsWith("-") ? -value : value;
}

/** The lines without what they all are indented by. */
function withoutIndent(body: string): string {
  const lines = body.split("\n");
  const indents = lines
    .filter((line) => line.trim() !== "")
    .map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const least = indents.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER);
  return lines.map((line) => line.slice(Math.min(least, line.length))).join("\n");
}
