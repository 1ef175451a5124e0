// Go's regular expressions: error texts as Consul 1.8.7 showed them, matches held against JavaScript's RegExp where
// both languages agree, and patterns that make a backtracking matcher run for ever.

import { describe, expect, it } from "vitest";
import { posixClasses, unicodeClass } from "../../../../shared/base/regexp/classes.ts";
import { compileGoRegexp } from "../../../../shared/base/regexp/index.ts";
import { runProgram } from "../../../../shared/base/regexp/match.ts";
import { parseExpression } from "../../../../shared/base/regexp/parse.ts";
import { parseEscape } from "../../../../shared/base/regexp/parse-set.ts";
import { compileExpression } from "../../../../shared/base/regexp/program.ts";
import { setHas } from "../../../../shared/base/regexp/syntax.ts";
import { nextRandom } from "../../../../shared/base/prng.ts";

function compiled(source: string) {
  const result = compileGoRegexp(source);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe("Go regular expressions", () => {
  it.each([
    ["a**", "invalid nested repetition operator: `**`"],
    ["a+++", "invalid nested repetition operator: `++`"],
    ["a*?+", "invalid nested repetition operator: `*?+`"],
    ["*a", "missing argument to repetition operator: `*`"],
    ["(*a)", "missing argument to repetition operator: `*`"],
    ["a|*", "missing argument to repetition operator: `*`"],
    ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
    ["(?z)", "invalid or unsupported Perl syntax: `(?z`"],
    ["(?i", "invalid or unsupported Perl syntax: `(?i`"],
    ["(?-)", "invalid or unsupported Perl syntax: `(?-)`"],
    ["(?P=n)", "invalid or unsupported Perl syntax: `(?P`"],
    ["(?<n>a)", "invalid or unsupported Perl syntax: `(?<`"],
    ["(?P<1->a)", "invalid named capture: `(?P<1->`"],
    ["(?P<n", "invalid named capture: `(?P<n`"],
    ["\\q", "invalid escape sequence: `\\q`"],
    ["\\Z", "invalid escape sequence: `\\Z`"],
    ["\\1", "invalid escape sequence: `\\1`"],
    ["\\8", "invalid escape sequence: `\\8`"],
    ["\\x4", "invalid escape sequence: `\\x4`"],
    ["[\\C]", "invalid escape sequence: `\\C`"],
    ["[a-\\d]", "invalid escape sequence: `\\d`"],
    ["a)", "unexpected ): `a)`"],
    ["(a", "missing closing ): `(a`"],
    ["(?:", "missing closing ): `(?:`"],
    ["[", "missing closing ]: `[`"],
    ["x[a", "missing closing ]: `[a`"],
    ["[z-a]", "invalid character class range: `z-a`"],
    ["[[:foo:]]", "invalid character class range: `[:foo:]`"],
    ["\\p{Foo}", "invalid character class range: `\\p{Foo}`"],
    ["a{1001}", "invalid repeat count: `{1001}`"],
    ["a{2,1}", "invalid repeat count: `{2,1}`"],
    ["((a{100}){100}){100}", "invalid repeat count: `{100}`"],
    ["a\\", "trailing backslash at end of expression: ``"],
  ])("says of %s what Go says", (source, problem) => {
    expect(compileGoRegexp(source)).toEqual({ ok: false, error: `error parsing regexp: ${problem}` });
  });

  it.each([
    ["n[0-9]", "xn1", true],
    ["^web$", "web", true],
    ["^web$", "web\n", false],
    ["(?m)^b$", "a\nb\nc", true],
    [".", "\n", false],
    ["(?s).", "\n", true],
    ["(?i)WEB", "wEb", true],
    ["(?i)ä", "Ä", true],
    ["(?i:N)1", "n1", true],
    ["a(?i)b|c", "C", true],
    ["(?i-s:N)1", "n1", true],
    ["\\Q[a]*\\E", "[a]*", true],
    ["\\Q", "", true],
    ["x{", "x{", true],
    ["a{,2}", "a{,2}", true],
    ["a{02}", "a{02}", true],
    ["a{2}", "a", false],
    ["^(a{1,2}){2}$", "aaa", true],
    ["[]a]", "]", true],
    ["[^]a]", "]", false],
    ["[a-]", "-", true],
    ["[-a]", "-", true],
    ["[\\d-z]", "-", true],
    ["[^\\x00-\\x{10FFFF}]", "a", false],
    ["^[[:alpha:]_]+$", "web_", true],
    ["[[:^digit:]]", "1", false],
    ["\\pL", "é", true],
    ["\\PL", "é", false],
    ["\\p{^Greek}", "α", false],
    ["\\p{Greek}", "α", true],
    ["[\\D]", "1", false],
    ["\\bweb\\b", "a web b", true],
    ["\\Bweb", "aweb", true],
    ["\\Aa\\z", "a", true],
    ["\\x41\\x{1F600}\\012", "A😀\n", true],
    ["^.$", "😀", true],
    ["^*", "a", true],
    ["(|n)1", "1", true],
    ["", "anything", true],
  ])("matches %s in %j: %s", (source, text, matches) => {
    expect(compiled(source).test(text)).toBe(matches);
  });

  it("gives the groups of the match that is preferred", () => {
    expect(compiled("^geo-(.*?)-([^-]+?)$").exec("geo-db-a-1")).toEqual(["geo-db-a-1", "db-a", "1"]);
    expect(compiled("(a)|(b)").exec("b")).toEqual(["b", undefined, "b"]);
    expect(compiled("a|ab").exec("ab")).toEqual(["a"]);
    expect(compiled("(?U)a+").exec("aaa")).toEqual(["a"]);
    expect(compiled("(?P<n>x)").exec("y")).toBeNull();
  });

  it("agrees with RegExp on random expressions of the common language", () => {
    let state = 7;
    const pick = (texts: readonly string[]): string => {
      const draw = nextRandom(state);
      state = draw.state;
      return texts[Math.floor(draw.value * texts.length)] ?? "";
    };
    const generate = (depth: number): string => {
      if (depth === 0) return pick(["a", "b", "[ab]", ".", "[^a]", "c"]);
      const inner = () => generate(depth - 1);
      const form = pick(["ab", "|", "*", "+?", "()", "{}", "?"]);
      if (form === "ab") return inner() + inner();
      if (form === "|") return `(?:${inner()}|${inner()})`;
      if (form === "()") return `(${inner()})`;
      return `(?:${inner()})${form === "{}" ? "{1,2}" : form}`;
    };
    for (let round = 0; round < 400; round++) {
      const source = generate(3);
      const text = Array.from({ length: 6 }, () => pick(["a", "b", "c"])).join("");
      // An empty turn of a loop is where the two languages differ in groups, so only the match itself is compared.
      expect([source, text, compiled(source).exec(text)?.[0]]).toEqual([
        source,
        text,
        new RegExp(source).exec(text)?.[0],
      ]);
    }
  });

  it("takes linear time where a backtracking matcher takes for ever", () => {
    const text = `${"a".repeat(2_000)}!`;
    expect(compiled("^(a+)+$").test(text)).toBe(false);
    expect(compiled("(a|aa)*b").test(text)).toBe(false);
    expect(compiled("(x*)*y").test("x".repeat(2_000))).toBe(false);
  });

  it("refuses what would unfold to a huge program, and what nests without end", () => {
    expect(compileGoRegexp("(abcdefgh){1000}").ok).toBe(false);
    expect(compileGoRegexp("(".repeat(2_000)).ok).toBe(false);
  });

  it("is made of parts that can be used alone", () => {
    const program = compileExpression(parseExpression("ab").expression) ?? [];
    expect(program.map(({ op }) => op)).toEqual(["code", "code", "match"]);
    expect(runProgram(program, "xab", 2)).toEqual([1, 3]);
    expect(parseEscape("\\n", 0)).toEqual({ kind: "code", code: 10, end: 2 });
    expect(posixClasses.get("digit")).toEqual([[0x30, 0x39]]);
    expect(unicodeClass("Nope")).toBeNull();
    expect(setHas({ ranges: [[97, 97]], others: [], negated: true, foldCase: false }, 98)).toBe(true);
  });
});
