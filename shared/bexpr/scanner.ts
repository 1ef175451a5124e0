// The terminals of the filter grammar, and the record of where and why the parse failed, in the form in which Consul
// prints it: `1:4 (3): no match found, expected: "!=", "." or [a-zA-Z]`.

import { unquoteGoString } from "./unquote.ts";

const spaceClass = "[ \\t\\r\\n]";

export class Scanner {
  /** In UTF-16 units. */
  at = 0;
  readonly #text: string;
  #farthest = 0;
  readonly #expected = new Set<string>();
  readonly #errors: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Optional space. */
  space(): void {
    while (this.#oneOf(/[ \t\r\n]/, spaceClass));
  }

  /** Space that must be there. */
  spaces(): boolean {
    if (!this.#oneOf(/[ \t\r\n]/, spaceClass)) return false;
    this.space();
    return true;
  }

  literal(text: string): boolean {
    if (!this.#text.startsWith(text, this.at)) return this.#missed(JSON.stringify(text));
    this.at += text.length;
    return true;
  }

  end(): boolean {
    return this.at === this.#text.length || this.#missed("EOF");
  }

  identifier(): string | null {
    const start = this.at;
    if (!this.#oneOf(/[a-zA-Z]/, "[a-zA-Z]")) return null;
    while (this.#oneOf(/[a-zA-Z0-9_]/, "[a-zA-Z0-9_]"));
    return this.#text.slice(start, this.at);
  }

  /** -? (0 / [1-9][0-9]*) ("." [0-9]+)? and then space, ")" or the end. */
  number(): string | null {
    const start = this.at;
    this.literal("-");
    if (!this.literal("0")) {
      if (!this.#oneOf(/[1-9]/, "[1-9]")) return this.#back(start);
      while (this.#oneOf(/[0-9]/, "[0-9]"));
    }
    const whole = this.at;
    if (this.literal(".")) {
      if (!this.#oneOf(/[0-9]/, "[0-9]")) this.at = whole;
      else while (this.#oneOf(/[0-9]/, "[0-9]"));
    }
    const end = this.at;
    const ends = this.spaces() || this.end() || this.literal(")");
    this.at = end;
    if (ends) return this.#text.slice(start, end);
    this.report("number", "Invalid number literal");
    return this.#back(start);
  }

  /** In double quotes with Go's escapes, or in back quotes as it is. */
  string(): string | null {
    const start = this.at;
    for (const quote of ["`", '"']) {
      if (!this.literal(quote)) continue;
      const close = this.#text.indexOf(quote, this.at);
      if (close < 0) {
        this.at = this.#text.length;
        this.report("string", "Unterminated string literal");
        return this.#back(start);
      }
      const inner = this.#text.slice(this.at, close);
      this.at = close + 1;
      const text = quote === "`" ? inner.replaceAll("\r", "") : unquoteGoString(inner);
      if (text === null) this.#reportAt(start, "string", "invalid syntax");
      return text ?? "";
    }
    return null;
  }

  /** An error that makes the whole filter wrong, whatever other alternatives do. */
  report(rule: string, problem: string): void {
    this.#reportAt(this.at, rule, problem);
  }

  /** What is wrong with the text; null when nothing is. */
  problem(matched: boolean): string | null {
    if (this.#errors.length > 0) return this.#errors.join("\n");
    if (matched) return null;
    const terminals = [...this.#expected].filter((one) => one !== "EOF").sort();
    if (this.#expected.has("EOF")) terminals.push("EOF");
    const last = terminals.pop() ?? "";
    const list = terminals.length === 0 ? last : `${terminals.join(", ")} or ${last}`;
    return `${this.#place(this.#farthest)}: no match found, expected: ${list}`;
  }

  #oneOf(pattern: RegExp, name: string): boolean {
    if (this.at >= this.#text.length || !pattern.test(this.#text[this.at] ?? "")) return this.#missed(name);
    this.at++;
    return true;
  }

  #back(start: number): null {
    this.at = start;
    return null;
  }

  #missed(terminal: string): false {
    if (this.at > this.#farthest) {
      this.#farthest = this.at;
      this.#expected.clear();
    }
    if (this.at === this.#farthest) this.#expected.add(terminal);
    return false;
  }

  #reportAt(at: number, rule: string, problem: string): void {
    const error = `${this.#place(at)}: rule "${rule}": ${problem}`;
    if (!this.#errors.includes(error)) this.#errors.push(error);
  }

  /** Line, column in characters, offset in bytes. A line feed counts as column 0 of the line that it begins. */
  #place(at: number): string {
    const before = this.#text.slice(0, at);
    const newline = this.#text[at] === "\n";
    const lines = before.split("\n");
    const line = lines.length + (newline ? 1 : 0);
    const inLine = [...(lines.at(-1) ?? "")].length;
    const column = newline ? 0 : inLine + 1;
    return `${line}:${column} (${new TextEncoder().encode(before).length})`;
  }
}
