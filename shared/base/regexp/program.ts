// Compiles an expression to instructions for match.ts (Thompson's construction): no instruction goes back over input,
// so matching costs at most (instructions x characters) whatever the pattern.

import type { Assertion, CharacterSet, Expression } from "./syntax.ts";

export type Instruction =
  | { readonly op: "set"; readonly set: CharacterSet }
  /** One exact character: the common case of a set. */
  | { readonly op: "code"; readonly code: number }
  | { readonly op: "assert"; readonly what: Assertion }
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "match" };

/** L: a hostile expression of a few characters can unfold to a million instructions. */
export const instructionsMax = 5_000;

/** Null when the program would be too large. */
export function compileExpression(expression: Expression): readonly Instruction[] | null {
  const program: Instruction[] = [];
  if (!emit(program, expression)) return null;
  program.push({ op: "match" });
  return program;
}

/** False as soon as there are too many instructions. */
function emit(program: Instruction[], expression: Expression): boolean {
  if (program.length > instructionsMax) return false;
  switch (expression.kind) {
    case "empty":
      return true;
    case "set":
      program.push(setInstruction(expression.set));
      return true;
    case "assert":
      program.push({ op: "assert", what: expression.what });
      return true;
    case "sequence":
      return expression.parts.every((part) => emit(program, part));
    case "either":
      return emitEither(program, expression.parts);
    case "repeat":
      return emitRepeat(program, expression);
    case "group":
      program.push({ op: "save", slot: 2 * expression.number });
      if (!emit(program, expression.part)) return false;
      program.push({ op: "save", slot: 2 * expression.number + 1 });
      return true;
  }
}

function setInstruction(set: CharacterSet): Instruction {
  const [only] = set.ranges;
  const plain = set.ranges.length === 1 && set.others.length === 0 && !set.negated && !set.foldCase;
  if (plain && only !== undefined && only[0] === only[1]) return { op: "code", code: only[0] };
  return { op: "set", set };
}

function emitEither(program: Instruction[], parts: readonly Expression[]): boolean {
  const ends: { to: number }[] = [];
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1;
    const split = { op: "split" as const, first: program.length + 1, second: 0 };
    if (!isLast) program.push(split);
    if (!emit(program, part)) return false;
    if (isLast) break;
    const jump = { op: "jump" as const, to: 0 };
    program.push(jump);
    ends.push(jump);
    split.second = program.length;
  }
  for (const jump of ends) jump.to = program.length;
  return true;
}

function emitRepeat(program: Instruction[], repeat: Expression & { kind: "repeat" }): boolean {
  for (let copy = 0; copy < repeat.min; copy++) if (!emit(program, repeat.part)) return false;
  if (repeat.max < 0) {
    const start = program.length;
    const split = { op: "split" as const, first: 0, second: 0 };
    program.push(split);
    if (!emit(program, repeat.part)) return false;
    program.push({ op: "jump", to: start });
    choose(split, repeat.greedy, start + 1, program.length);
    return true;
  }
  const splits: { at: number; split: { first: number; second: number } }[] = [];
  for (let copy = repeat.min; copy < repeat.max; copy++) {
    const split = { op: "split" as const, first: 0, second: 0 };
    splits.push({ at: program.length, split });
    program.push(split);
    if (!emit(program, repeat.part)) return false;
  }
  for (const { at, split } of splits) choose(split, repeat.greedy, at + 1, program.length);
  return true;
}

function choose(split: { first: number; second: number }, greedy: boolean, go: number, leave: number): void {
  split.first = greedy ? go : leave;
  split.second = greedy ? leave : go;
}
