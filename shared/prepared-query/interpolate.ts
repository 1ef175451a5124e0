// Text with ${…} in it, as templates of prepared queries have it: a variable, match(N), a number or a quoted text
// inside, "$${" for the three characters themselves. The errors have the words of Consul 1.8.7; arithmetic, which it
// accepts as well, is a syntax error here.

import { fail, ok, type Result } from "../base/result.ts";

/** What a text is rendered with. */
export type Scope = {
  readonly variables: Readonly<Record<string, string>>;
  /** Text of a group of the template's expression; "" when there is none. */
  match(group: number): string;
};

export type Problem =
  | { readonly kind: "format"; readonly text: string }
  | { readonly kind: "evaluation"; readonly text: string };

type Expression =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly column: number }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Expression[];
      readonly column: number;
    }
  | { readonly kind: "joined"; readonly parts: readonly Expression[] };

/** The text with every ${…} replaced. */
export function interpolate(text: string, scope: Scope): Result<string, Problem> {
  if (!text.includes("${")) return ok(text);
  const parser = new Parser(text);
  const parts = parser.parts("");
  if (parts === null) return fail({ kind: "format", text: "parse error: syntax error" });
  return evaluate({ kind: "joined", parts }, scope);
}

function evaluate(expression: Expression, scope: Scope): Result<string, Problem> {
  if (expression.kind === "text") return ok(expression.text);
  if (expression.kind === "variable") return variable(expression, scope);
  if (expression.kind === "call") return call(expression, scope);
  let joined = "";
  for (const part of expression.parts) {
    const value = evaluate(part, scope);
    if (!value.ok) return value;
    joined += value.value;
  }
  return ok(joined);
}

function variable(expression: Expression & { kind: "variable" }, scope: Scope): Result<string, Problem> {
  const { name, column } = expression;
  if (Object.hasOwn(scope.variables, name)) return ok(scope.variables[name] ?? "");
  return fail({ kind: "evaluation", text: `1:${column}: unknown variable accessed: ${name}` });
}

function call(expression: Expression & { kind: "call" }, scope: Scope): Result<string, Problem> {
  const { name, args, column } = expression;
  const at = `1:${column}`;
  if (name !== "match") return fail({ kind: "evaluation", text: `${at}: unknown function called: ${name}` });
  const [argument] = args;
  if (args.length !== 1 || argument === undefined) {
    return fail({ kind: "evaluation", text: `${at}: match: expected 1 arguments, got ${args.length}` });
  }
  const value = evaluate(argument, scope);
  if (!value.ok) return value;
  if (!/^[+-]?\d+(\.\d*)?$/.test(value.value)) {
    const parsing = `strconv.ParseInt: parsing ${JSON.stringify(value.value)}: invalid syntax`;
    return fail({ kind: "evaluation", text: `__builtin_StringToInt: ${parsing}` });
  }
  return ok(scope.match(Math.trunc(Number(value.value))));
}

const depthMax = 20;

class Parser {
  #at = 0;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Literal text and ${…} up to `end` (a quote, or the end of all); null when it cannot be read. */
  parts(end: string): Expression[] | null {
    const parts: Expression[] = [];
    let literal = "";
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === end) {
        if ((character ?? "") !== end) return null;
        parts.push({ kind: "text", text: literal });
        return parts;
      }
      if (this.#skip("$${")) literal += "${";
      else if (this.#skip("${")) {
        const inner = this.#inside();
        if (inner === null) return null;
        parts.push({ kind: "text", text: literal }, inner);
        literal = "";
      } else if (end === '"' && character === "\\") {
        const escaped = unescaped(this.#text[this.#at + 1]);
        if (escaped === null) return null;
        literal += escaped;
        this.#at += 2;
      } else {
        literal += character;
        this.#at += 1;
      }
    }
  }

  #inside(): Expression | null {
    if (++this.#depth > depthMax) return null;
    const expression = this.#expression();
    this.#space();
    this.#depth -= 1;
    return expression !== null && this.#skip("}") ? expression : null;
  }

  #expression(): Expression | null {
    this.#space();
    const column = this.#at + 1;
    if (this.#skip('"')) {
      const parts = this.parts('"');
      this.#at += 1;
      return parts === null ? null : { kind: "joined", parts };
    }
    const number = this.#take(/[+-]?\d+(?:\.\d+)?/y);
    if (number !== "") return { kind: "text", text: String(Number(number)) };
    const name = this.#take(/[A-Za-z_][\w.*-]*/y);
    if (name === "") return null;
    if (!this.#skip("(")) return { kind: "variable", name, column };
    const args = this.#arguments();
    return args === null ? null : { kind: "call", name, args, column };
  }

  #arguments(): Expression[] | null {
    const args: Expression[] = [];
    this.#space();
    if (this.#skip(")")) return args;
    for (;;) {
      if (++this.#depth > depthMax) return null;
      const argument = this.#expression();
      this.#depth -= 1;
      if (argument === null) return null;
      args.push(argument);
      this.#space();
      if (this.#skip(")")) return args;
      if (!this.#skip(",")) return null;
    }
  }

  #space(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

function unescaped(character: string | undefined): string | null {
  if (character === "n") return "\n";
  if (character === "t") return "\t";
  return character === '"' || character === "\\" ? character : null;
}
