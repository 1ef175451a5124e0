// The parsed form of a regular expression in Go's (RE2's) syntax. Made by parse.ts, compiled by program.ts.

/** A set of characters: code point ranges (both ends inside) and predicates, perhaps inverted. */
export type CharacterSet = {
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly others: readonly ((code: number) => boolean)[];
  readonly negated: boolean;
  readonly foldCase: boolean;
};

export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "wordBoundary" | "noWordBoundary";

export type Expression =
  | { readonly kind: "empty" }
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "sequence"; readonly parts: readonly Expression[] }
  | { readonly kind: "either"; readonly parts: readonly Expression[] }
  | {
      readonly kind: "repeat";
      readonly part: Expression;
      readonly min: number;
      /** -1: without end. */
      readonly max: number;
      readonly greedy: boolean;
    }
  | { readonly kind: "group"; readonly part: Expression; readonly number: number };

/** What is wrong with an expression, in the words of Go's regexp package. */
export class SyntaxProblem extends Error {
  constructor(what: string, where: string) {
    super(`error parsing regexp: ${what}: \`${where}\``);
  }
}

/** Whether a set has a character. */
export function setHas(set: CharacterSet, code: number): boolean {
  let found = contains(set, code);
  if (!found && set.foldCase) {
    const text = String.fromCodePoint(code);
    const lower = text.toLowerCase();
    const upper = text.toUpperCase();
    found =
      (lower !== text && contains(set, lower.codePointAt(0) ?? code)) ||
      (upper !== text && [...upper].length === 1 && contains(set, upper.codePointAt(0) ?? code));
  }
  return found !== set.negated;
}

function contains(set: CharacterSet, code: number): boolean {
  for (const [low, high] of set.ranges) if (code >= low && code <= high) return true;
  for (const other of set.others) if (other(code)) return true;
  return false;
}
