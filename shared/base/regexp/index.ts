// Regular expressions as Consul's users write them: Go's syntax and its error texts, and time that grows only with
// the length of the text. JavaScript's RegExp accepts another language and can be made to run for ever.

import { fail, ok, type Result } from "../result.ts";
import { runProgram } from "./match.ts";
import { parseExpression } from "./parse.ts";
import { compileExpression } from "./program.ts";
import { SyntaxProblem } from "./syntax.ts";

export type GoRegexp = {
  readonly source: string;
  /** Number of groups, the whole match not counted. */
  readonly groups: number;
  /** Whether it matches anywhere in `text`. */
  test(text: string): boolean;
  /** The first match and its groups; undefined for a group that took no part. Null when there is none. */
  exec(text: string): readonly (string | undefined)[] | null;
};

/** Compiles an expression; the error is Go's text ("error parsing regexp: …"). */
export function compileGoRegexp(source: string): Result<GoRegexp, string> {
  try {
    const { expression, groups } = parseExpression(source);
    const program = compileExpression(expression);
    if (program === null) return fail(`error parsing regexp: expression too large: \`${source}\``);
    return ok({
      source,
      groups,
      test: (text) => runProgram(program, text, 0) !== null,
      exec(text) {
        const slots = runProgram(program, text, 2 * (groups + 1));
        if (slots === null) return null;
        return Array.from({ length: groups + 1 }, (_, group) => {
          const start = slots[2 * group] ?? -1;
          return start < 0 ? undefined : text.slice(start, slots[2 * group + 1]);
        });
      },
    });
  } catch (problem) {
    if (problem instanceof SyntaxProblem) return fail(problem.message);
    throw problem;
  }
}
