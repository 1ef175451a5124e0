// Reads a filter. The grammar is a parsing expression grammar, and its errors are part of Consul's API: a position, and
// what could have followed at the farthest place that any alternative reached. So every terminal reports its failure
// to the scanner, also in alternatives that are given up.
//
//   input   ← _? or _? EOF                 or    ← and (_ "or" _ or)?         and ← not (_ "and" _ and)?
//   not     ← "not" _ not / "(" _? or _? ")" / match
//   match   ← selector (_? ("==" / "!=") _? / _ "not"? ("contains" / "matches") _) value
//           / selector _ "is" _ ("not" _)? "empty" / value _ ("not" _)? "in" _ selector
//   value   ← selector / number / string   (a selector here is just its text)

import { fail, ok, type Result } from "../base/result.ts";
import type { FilterExpression, MatchOperator } from "./expression.ts";
import { Scanner } from "./scanner.ts";
import { filterCharactersMax, filterDepthMax } from "./limits.ts";

/** The expression, or Consul's text of what is wrong (without its prefix). */
export function parseFilter(text: string): Result<FilterExpression, string> {
  if (text.length > filterCharactersMax) {
    return fail(`the filter has ${text.length} characters, more than ${filterCharactersMax}`);
  }
  const scanner = new Scanner(text);
  const parser = new Parser(scanner);
  const parsed = parser.input();
  if (parser.tooDeep) return fail(`the filter nests deeper than ${filterDepthMax}`);
  const problem = scanner.problem(parsed !== null);
  return parsed === null || problem !== null ? fail(problem ?? "no match found") : ok(parsed);
}

type Maybe<T> = T | null;
type Match = FilterExpression & { kind: "match" };

class Parser {
  readonly #scan: Scanner;
  #depth = 0;
  tooDeep = false;

  constructor(scanner: Scanner) {
    this.#scan = scanner;
  }

  input(): Maybe<FilterExpression> {
    this.#scan.space();
    const expression = this.#or();
    if (expression === null) return null;
    this.#scan.space();
    return this.#scan.end() ? expression : null;
  }

  #or(): Maybe<FilterExpression> {
    return this.#chain("or", () => this.#and());
  }

  #and(): Maybe<FilterExpression> {
    return this.#chain("and", () => this.#not());
  }

  /** `a and b and c`: right-associative in the grammar, which makes no difference to the result. */
  #chain(word: "and" | "or", part: () => Maybe<FilterExpression>): Maybe<FilterExpression> {
    let left = part();
    while (left !== null) {
      const start = this.#scan.at;
      const joined = this.#scan.spaces() && this.#scan.literal(word) && this.#scan.spaces();
      const right = joined ? part() : null;
      if (right === null) {
        this.#scan.at = start;
        break;
      }
      left = { kind: word, left, right };
    }
    return left;
  }

  #not(): Maybe<FilterExpression> {
    if (++this.#depth > filterDepthMax) this.tooDeep = true;
    const found = this.tooDeep ? null : this.#notOrBelow();
    this.#depth--;
    return found;
  }

  #notOrBelow(): Maybe<FilterExpression> {
    const start = this.#scan.at;
    if (this.#scan.literal("not") && this.#scan.spaces()) {
      const part = this.#not();
      if (part !== null) return { kind: "not", part };
    }
    this.#scan.at = start;
    return this.#scan.literal("(") ? this.#group() : this.#match();
  }

  /** Behind "(". Nothing else begins with one, so there is nothing to go back for. */
  #group(): Maybe<FilterExpression> {
    this.#scan.space();
    const inner = this.#or();
    if (inner === null) return null;
    this.#scan.space();
    if (this.#scan.literal(")")) return inner;
    this.#scan.report("grouping", "Unmatched parentheses");
    return null;
  }

  #match(): Maybe<Match> {
    const start = this.#scan.at;
    for (const form of [() => this.#comparison(), () => this.#emptiness(), () => this.#membership()]) {
      const found = form();
      if (found !== null) return found;
      this.#scan.at = start;
    }
    return null;
  }

  #comparison(): Maybe<Match> {
    const selector = this.#selector();
    if (selector === null) return null;
    const operator = this.#firstOf(comparisons);
    if (operator === null) return null;
    const value = this.#value();
    return value === null ? null : { kind: "match", selector, operator, value };
  }

  #emptiness(): Maybe<Match> {
    const selector = this.#selector();
    if (selector === null) return null;
    const operator = this.#firstOf(emptinesses);
    return operator === null ? null : { kind: "match", selector, operator, value: "" };
  }

  #membership(): Maybe<Match> {
    const value = this.#value();
    if (value === null) return null;
    const operator = this.#firstOf(memberships);
    if (operator === null) return null;
    const selector = this.#selector();
    if (selector !== null) return { kind: "match", selector, operator, value };
    this.#scan.report("match", "Invalid selector");
    return null;
  }

  #firstOf(operators: readonly OperatorForm[]): Maybe<MatchOperator> {
    const start = this.#scan.at;
    for (const { operator, words, spaced } of operators) {
      if (spaced ? this.#words(words) : this.#symbol(words[0] ?? "")) return operator;
      this.#scan.at = start;
    }
    return null;
  }

  #symbol(text: string): boolean {
    this.#scan.space();
    if (!this.#scan.literal(text)) return false;
    this.#scan.space();
    return true;
  }

  /** Each word with space before it; one that takes a value also behind the last. */
  #words(words: readonly string[]): boolean {
    const takesValue = words.at(-1) !== "empty";
    return (
      words.every((word) => this.#scan.spaces() && this.#scan.literal(word)) &&
      (!takesValue || this.#scan.spaces())
    );
  }

  #value(): Maybe<string> {
    const selector = this.#selector();
    if (selector !== null) return selector.join(".");
    return this.#scan.number() ?? this.#scan.string();
  }

  #selector(): Maybe<string[]> {
    const first = this.#scan.identifier();
    if (first === null) return null;
    const path = [first];
    for (;;) {
      const start = this.#scan.at;
      const next = this.#scan.literal(".") ? this.#scan.identifier() : this.#index();
      if (next === null) {
        this.#scan.at = start;
        return path;
      }
      path.push(next);
    }
  }

  /** ["key"] */
  #index(): Maybe<string> {
    if (!this.#scan.literal("[")) return null;
    this.#scan.space();
    const start = this.#scan.at;
    const key = this.#scan.string();
    if (key === null) {
      this.#scan.at = start;
      this.#scan.report("index", "Invalid index");
      return null;
    }
    this.#scan.space();
    if (this.#scan.literal("]")) return key;
    this.#scan.report("index", "Unclosed index expression");
    return null;
  }
}

type OperatorForm = {
  readonly operator: MatchOperator;
  readonly words: readonly string[];
  readonly spaced: boolean;
};

function form(operator: MatchOperator, ...words: readonly string[]): OperatorForm {
  return { operator, words, spaced: /^[a-z]/.test(words[0] ?? "") };
}

const comparisons = [
  form("Equal", "=="),
  form("Not Equal", "!="),
  form("In", "contains"),
  form("Not In", "not", "contains"),
  form("Matches", "matches"),
  form("Not Matches", "not", "matches"),
];
const emptinesses = [form("Is Empty", "is", "empty"), form("Is Not Empty", "is", "not", "empty")];
const memberships = [form("In", "in"), form("Not In", "not", "in")];
