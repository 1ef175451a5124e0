// Reads a regular expression in Go's syntax (RE2 syntax with Perl's flags, https://github.com/google/re2/wiki/Syntax)
// and finds what is wrong with it in Go's words. Recursive descent; every branch consumes input or ends.

import { parseCharacterSet, parseEscape } from "./parse-set.ts";
import { type Assertion, type CharacterSet, type Expression, SyntaxProblem } from "./syntax.ts";

/** C: no repetition stands for more than this many copies, nested ones multiplied. */
const repeatMax = 1000;
/** C: of nested groups. */
const depthMax = 1000;

type Flags = {
  readonly foldCase: boolean;
  readonly lines: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
};

export type Parsed = {
  readonly expression: Expression;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
};

/** Throws SyntaxProblem. */
export function parseExpression(text: string): Parsed {
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #text: string;
  readonly #names = new Map<string, number>();
  #at = 0;
  #groups = 0;
  #depth = 0;
  #flags: Flags = { foldCase: false, lines: false, dotAll: false, ungreedy: false };

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Parsed {
    const expression = this.#alternatives();
    if (this.#at < this.#text.length) throw new SyntaxProblem("unexpected )", this.#text);
    return { expression, groups: this.#groups, names: this.#names };
  }

  /** Up to the end or the closing parenthesis, which is left. */
  #alternatives(): Expression {
    const parts: Expression[] = [this.#sequence()];
    while (this.#peek() === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "either", parts };
  }

  #sequence(): Expression {
    const parts: Expression[] = [];
    let lastRepeat = -1;
    for (let next = this.#peek(); next !== "" && next !== "|" && next !== ")"; next = this.#peek()) {
      const start = this.#at;
      const repeat = this.#repetition(next);
      if (repeat === null) {
        lastRepeat = -1;
        const atom = this.#atom(next);
        if (atom !== null) parts.push(atom);
        continue;
      }
      const part = parts.pop();
      const greedy = this.#laziness();
      if (lastRepeat >= 0) throw this.#problem("invalid nested repetition operator", lastRepeat);
      if (part === undefined) throw this.#problem("missing argument to repetition operator", start);
      const repeated: Expression = { kind: "repeat", part, ...repeat, greedy };
      if (copies(repeated) > repeatMax) throw this.#problem("invalid repeat count", start);
      parts.push(repeated);
      lastRepeat = start;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "sequence", parts };
  }

  /** The operator that begins here, consumed; null when it is none. */
  #repetition(next: string): { min: number; max: number } | null {
    if (next === "*" || next === "+" || next === "?") {
      this.#at++;
      return { min: next === "+" ? 1 : 0, max: next === "?" ? 1 : -1 };
    }
    if (next !== "{") return null;
    const counted = /\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/y;
    counted.lastIndex = this.#at;
    const found = counted.exec(this.#text);
    if (found === null) return null;
    const start = this.#at;
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === undefined ? -1 : Number(found[3]);
    if (min > repeatMax || max > repeatMax || (max >= 0 && min > max)) {
      throw this.#problem("invalid repeat count", start);
    }
    return { min, max };
  }

  /** "?" behind an operator turns it around. */
  #laziness(): boolean {
    if (this.#peek() !== "?") return !this.#flags.ungreedy;
    this.#at++;
    return this.#flags.ungreedy;
  }

  /** One piece of a sequence; null for flags, which match nothing. */
  #atom(next: string): Expression | null {
    if (next === "(") return this.#group();
    if (next === "[") {
      const read = parseCharacterSet(this.#text, this.#at, this.#flags.foldCase);
      this.#at = read.end;
      return { kind: "set", set: read.set };
    }
    if (next === "\\") return this.#escape();
    this.#at += next.length;
    if (next === "^") return assertion(this.#flags.lines ? "lineStart" : "textStart");
    if (next === "$") return assertion(this.#flags.lines ? "lineEnd" : "textEnd");
    if (next === ".") return { kind: "set", set: this.#flags.dotAll ? everything : allButNewline };
    return this.#literal(next.codePointAt(0) ?? 0);
  }

  #escape(): Expression {
    const letter = this.#text[this.#at + 1] ?? "";
    const simple: Readonly<Record<string, Assertion>> = {
      A: "textStart",
      z: "textEnd",
      b: "wordBoundary",
      B: "noWordBoundary",
    };
    const what = Object.hasOwn(simple, letter) ? simple[letter] : undefined;
    if (what !== undefined) {
      this.#at += 2;
      return assertion(what);
    }
    if (letter === "Q") return this.#quoted();
    const read = parseEscape(this.#text, this.#at);
    this.#at = read.end;
    if (read.kind === "code") return this.#literal(read.code);
    const set = { ranges: read.ranges, others: read.others, negated: read.negated };
    return { kind: "set", set: { ...set, foldCase: this.#flags.foldCase } };
  }

  /** \Q...\E */
  #quoted(): Expression {
    const start = this.#at + 2;
    const end = this.#text.indexOf("\\E", start);
    const quoted = this.#text.slice(start, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return { kind: "sequence", parts: [...quoted].map((one) => this.#literal(one.codePointAt(0) ?? 0)) };
  }

  #literal(code: number): Expression {
    const { foldCase } = this.#flags;
    return { kind: "set", set: { ranges: [[code, code]], others: [], negated: false, foldCase } };
  }

  #group(): Expression | null {
    const outer = this.#flags;
    let number = 0;
    if (this.#text.startsWith("(?P<", this.#at)) number = this.#name();
    else if (this.#text.startsWith("(?", this.#at)) {
      if (!this.#setFlags()) return null; // "(?i)": from here to the end of the group around it
    } else {
      this.#at++;
      number = ++this.#groups;
    }
    if (++this.#depth > depthMax) throw new SyntaxProblem("expression nests too deeply", this.#text);
    const part = this.#alternatives();
    this.#depth--;
    if (this.#peek() !== ")") throw new SyntaxProblem("missing closing )", this.#text);
    this.#at++;
    this.#flags = outer;
    return number === 0 ? part : { kind: "group", part, number };
  }

  #name(): number {
    const start = this.#at;
    const end = this.#text.indexOf(">", start);
    const name = this.#text.slice(start + 4, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    if (end < 0 || !/^\w+$/.test(name)) throw this.#problem("invalid named capture", start);
    const number = ++this.#groups;
    if (!this.#names.has(name)) this.#names.set(name, number);
    return number;
  }

  /** "(?is-m:" or "(?i)"; true when a group follows. */
  #setFlags(): boolean {
    const start = this.#at;
    const names = { i: "foldCase", m: "lines", s: "dotAll", U: "ungreedy" } as const;
    this.#at += 2;
    let value = true;
    let seen = false;
    let flags = this.#flags;
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at++] ?? "";
      const flag = letter in names ? names[letter as keyof typeof names] : undefined;
      if (flag !== undefined) {
        flags = { ...flags, [flag]: value };
        seen = true;
      } else if (letter === "-" && value) {
        value = false;
        seen = false;
      } else if ((letter === ":" || letter === ")") && (value || seen)) {
        this.#flags = flags;
        return letter === ":";
      } else break;
    }
    throw this.#problem("invalid or unsupported Perl syntax", start);
  }

  #peek(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  /** About what stands between `start` and here. */
  #problem(what: string, start: number): SyntaxProblem {
    return new SyntaxProblem(what, this.#text.slice(start, this.#at));
  }
}

const newline = 0x0a;
const everything: CharacterSet = { ranges: [], others: [], negated: true, foldCase: false };
const allButNewline: CharacterSet = {
  ranges: [[newline, newline]],
  others: [],
  negated: true,
  foldCase: false,
};

function assertion(what: Assertion): Expression {
  return { kind: "assert", what };
}

/** How often the innermost part of nested counted repetitions is written out. */
function copies(expression: Expression): number {
  if (expression.kind === "repeat") {
    const count = Math.max(expression.min, expression.max, 1);
    return count * copies(expression.part);
  }
  if (expression.kind === "group") return copies(expression.part);
  if (expression.kind === "sequence" || expression.kind === "either") {
    return expression.parts.reduce((most, part) => Math.max(most, copies(part)), 1);
  }
  return 1;
}
