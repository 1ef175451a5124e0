// Regular expressions as Consul's users write them: Go's syntax and its error texts, and time that grows only with
// the length of the text. JavaScript's RegExp accepts another language and can be made to run for ever.
// The engine is re2js; what is ours are limits on what an expression may unfold to (docs/decisions/0041).

import { RE2JS, RE2JSSyntaxException } from "re2js";
import { limits } from "../limits.ts";
import { fail, ok, type Result } from "./result.ts";

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
  if (source.length > limits.regexpLengthMax || unfoldedSize(source) > limits.regexpUnfoldedMax)
    return fail(`error parsing regexp: expression too large: \`${source.slice(0, 200)}\``);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (problem) {
    if (!(problem instanceof RE2JSSyntaxException)) throw problem;
    return fail(`error parsing regexp: ${problem.getDescription()}: \`${problem.getPattern() ?? ""}\``);
  }
  const groups = compiled.groupCount();
  return ok({
    source,
    groups,
    // RE2JS.test would build an automaton whose states a hostile pair of expression and text turns into megabytes.
    test: (text) => compiled.matcher(text).find(),
    exec(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return null;
      return Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? undefined);
    },
  });
}

/**
 * An upper bound of how many characters and classes an expression is once its counted repetitions are written out.
 * What is no valid expression gets some number: the parser refuses it anyway.
 */
function unfoldedSize(source: string): number {
  const tokens =
    source.match(/\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|./gsu) ?? [];
  const open: number[] = [];
  let size = 0; // of the group that is open
  let last = 0; // of what a repetition would repeat
  for (const token of tokens) {
    const counts = /^\{(\d+)(?:,(\d*))?\}$/.exec(token);
    if (token === "(") {
      open.push(size);
      size = last = 0;
    } else if (token === ")") {
      last = size + 2;
      size = (open.pop() ?? 0) + last;
    } else if (counts !== null) {
      const more = last * (Math.max(Number(counts[1]), Number(counts[2] || 0), 1) - 1);
      size += more;
      last += more;
    } else {
      last = token.startsWith("\\Q") ? token.length : 1;
      size += last;
    }
  }
  return size + open.reduce((sum, outer) => sum + outer, 0);
}
