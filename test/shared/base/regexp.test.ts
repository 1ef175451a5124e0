// Go's regular expressions: error texts as Consul 1.8.7 showed them, matches held against JavaScript's RegExp where
// both languages agree, and patterns that make a backtracking matcher run for ever.

import { describe, expect, it } from "vitest";
import { compileGoRegexp } from "../../../shared/base/regexp.ts";
import { nextRandom } from "../../../shared/base/prng.ts";

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
    ["((a{100}){10}){10}", "invalid repeat count: `{10}`"],
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
    const tooLarge = (source: string) => {
      const result = compileGoRegexp(source);
      return !result.ok && result.error.startsWith("error parsing regexp: expression too large: `");
    };
    expect(tooLarge(`(${"abcdefgh".repeat(5)}){1000}`)).toBe(true);
    expect(tooLarge(`x${"[ab]".repeat(40)}(?:${"[^]a]\\d".repeat(20)}){1000}`)).toBe(true);
    expect(tooLarge(`${"(?:".repeat(5)}a{9}){9}){9}){9}){9}`)).toBe(true);
    expect(tooLarge("a".repeat(5_000))).toBe(true);
    expect(compileGoRegexp("(".repeat(2_000)).ok).toBe(false);
  });

  it("takes long expressions that unfold to little", () => {
    const uuid = "^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$";
    expect(compiled(uuid).test("01234567-89ab-cdef-0123-456789abcdef")).toBe(true);
    expect(compiled("^(?:[a-z0-9-]{1,63}\\.){1,8}$").test("web.service.consul.")).toBe(true);
  });

  it("stays small for a text that makes an automaton of many states", () => {
    let state = 3;
    const draw = () => {
      const next = nextRandom(state);
      state = next.state;
      return next.value < 0.5 ? "a" : "b";
    };
    const text = Array.from({ length: 20_000 }, draw).join("");
    const before = process.memoryUsage().rss;
    expect(compiled("(a|b)*a(a|b){150}$").test(`${text}c`)).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20);
  });
});
