// The grammar of filters: every error text here was read from Consul 1.8.7.

import { describe, expect, it } from "vitest";
import { filterCharactersMax } from "../../../shared/bexpr/limits.ts";
import { parseFilter } from "../../../shared/bexpr/parse.ts";
import { Scanner } from "../../../shared/bexpr/scanner.ts";
import { quoteGoString, unquoteGoString } from "../../../shared/bexpr/unquote.ts";

const valueExpected = '"-", "0", "\\"", "`", [ \\t\\r\\n], [1-9] or [a-zA-Z]';
const selectorGoesOn = '"!=", ".", "==", "[", [ \\t\\r\\n] or [a-zA-Z0-9_]';
const operatorExpected = '"!=", "==", "contains", "in", "is", "matches", "not" or [ \\t\\r\\n]';
const startExpected = '"(", "-", "0", "\\"", "`", "not", [ \\t\\r\\n], [1-9] or [a-zA-Z]';

describe("the filter grammar", () => {
  it.each([
    ["Foo", `1:4 (3): no match found, expected: ${selectorGoesOn}`],
    ["Node ==", `1:8 (7): no match found, expected: ${valueExpected}`],
    ["Node !=", `1:8 (7): no match found, expected: ${valueExpected}`],
    ["Node contains ", `1:15 (14): no match found, expected: ${valueExpected}`],
    ["Node matches ", `1:14 (13): no match found, expected: ${valueExpected}`],
    ["Node contains", "1:14 (13): no match found, expected: [ \\t\\r\\n]"],
    ["Node is", "1:8 (7): no match found, expected: [ \\t\\r\\n]"],
    ["Node is not", "1:12 (11): no match found, expected: [ \\t\\r\\n]"],
    ["Node is not Empty", '1:13 (12): no match found, expected: "empty" or [ \\t\\r\\n]'],
    ["Meta is emptyx", "1:14 (13): no match found, expected: [ \\t\\r\\n] or EOF"],
    ["Meta is empty x", '1:15 (14): no match found, expected: "and", "or", [ \\t\\r\\n] or EOF'],
    ["Node = n1", `1:6 (5): no match found, expected: ${operatorExpected}`],
    ["in Node", `1:4 (3): no match found, expected: ${operatorExpected}`],
    ["all Meta as x { x == y }", `1:5 (4): no match found, expected: ${operatorExpected}`],
    ['"Node" == n1', '1:8 (7): no match found, expected: "in", "not" or [ \\t\\r\\n]'],
    ["n1 in", "1:6 (5): no match found, expected: [ \\t\\r\\n]"],
    ["n1 not", "1:7 (6): no match found, expected: [ \\t\\r\\n]"],
    ["n1 in ", '1:7 (6): rule "match": Invalid selector'],
    ["ServicePort in 80", '1:16 (15): rule "match": Invalid selector'],
    ["Node == n1)", '1:11 (10): no match found, expected: ".", "[", [ \\t\\r\\n], [a-zA-Z0-9_] or EOF'],
    ["Node == n.1", "1:11 (10): no match found, expected: [a-zA-Z]"],
    ["Node == n-1", '1:10 (9): no match found, expected: ".", "[", [ \\t\\r\\n], [a-zA-Z0-9_] or EOF'],
    ["Node == 1)", '1:10 (9): no match found, expected: ".", [ \\t\\r\\n], [0-9] or EOF'],
    ["Node == -", '1:10 (9): no match found, expected: "0" or [1-9]'],
    ["Node == 01", '1:10 (9): rule "number": Invalid number literal'],
    ["Node == 1.", '1:10 (9): rule "number": Invalid number literal'],
    ["Node == 1.5x", '1:12 (11): rule "number": Invalid number literal'],
    ["Node == -1a", '1:11 (10): rule "number": Invalid number literal'],
    ["Node == é", `1:9 (8): no match found, expected: ${valueExpected}`],
    ['Node == "n1', '1:12 (11): rule "string": Unterminated string literal'],
    ['Node == "a\\"b"', '1:9 (8): rule "string": invalid syntax'],
    ['Node == "x\ny" )', '1:9 (8): rule "string": invalid syntax'],
    ["Node == n1 n2", '1:12 (11): no match found, expected: "and", "or", [ \\t\\r\\n] or EOF'],
    ["Node == n1 AND ID == x", '1:12 (11): no match found, expected: "and", "or", [ \\t\\r\\n] or EOF'],
    ["Node == n1 or", "1:14 (13): no match found, expected: [ \\t\\r\\n]"],
    ['Node == "n1" or(Node == "n1")', "1:16 (15): no match found, expected: [ \\t\\r\\n]"],
    ['Node == "n1"and Node == "n1"', "1:13 (12): no match found, expected: [ \\t\\r\\n] or EOF"],
    ["or", `1:3 (2): no match found, expected: ${selectorGoesOn}`],
    ["not", `1:4 (3): no match found, expected: ${selectorGoesOn}`],
    ["not(Node == n1)", `1:4 (3): no match found, expected: ${selectorGoesOn}`],
    ["()", `1:2 (1): no match found, expected: ${startExpected}`],
    [" ", `1:2 (1): no match found, expected: ${startExpected}`],
    ["/Node == n1", `1:1 (0): no match found, expected: ${startExpected}`],
    ["(Node == n1", '1:12 (11): rule "grouping": Unmatched parentheses'],
    ["(Node == n1 x", '1:13 (12): rule "grouping": Unmatched parentheses'],
    ["((Node == n1)", '1:14 (13): rule "grouping": Unmatched parentheses'],
    ["(Node == n1))", "1:13 (12): no match found, expected: [ \\t\\r\\n] or EOF"],
    ["(Node == 01", '1:11 (10): rule "number": Invalid number literal'],
    ["Meta[foo] == x", '1:6 (5): rule "index": Invalid index'],
    ['Meta["foo" x] == y', '1:12 (11): rule "index": Unclosed index expression'],
    ['Meta["fo\\q"] == y', '1:6 (5): rule "string": invalid syntax'],
    [
      'Meta["foo == y',
      '1:15 (14): rule "string": Unterminated string literal\n1:6 (5): rule "index": Invalid index',
    ],
    ["\n Node ==", `2:9 (9): no match found, expected: ${valueExpected}`],
  ])("says of %j what Consul says", (text, error) => {
    expect(parseFilter(text)).toEqual({ ok: false, error });
  });

  it("binds not tighter than and, and and tighter than or", () => {
    const match = (name: string) => ({ kind: "match", selector: [name], operator: "Equal", value: "1" });
    expect(parseFilter("A == 1 or not B == 1 and C == 1")).toEqual({
      ok: true,
      value: {
        kind: "or",
        left: match("A"),
        right: { kind: "and", left: { kind: "not", part: match("B") }, right: match("C") },
      },
    });
  });

  it.each([
    ['Meta [ "a" ]== x', false],
    ['Meta[ "a b" ].c == `x"y`', true],
    ["n1 not in Node", true],
    ["not in Node", true],
    ["not not Node == n1", true],
    ["((((Node==n1))))", true],
    ["Node == Meta.x", true],
    ['Node == "\\u006e1\\x41\\101"', true],
  ])("takes %j: %s", (text, taken) => {
    expect(parseFilter(text).ok).toBe(taken);
  });

  it("refuses what is too long or too deep, and hangs on neither", () => {
    expect(parseFilter(`Node == ${"n".repeat(filterCharactersMax)}`).ok).toBe(false);
    expect(parseFilter("(".repeat(20_000)).ok).toBe(false);
    expect(parseFilter(`${"not ".repeat(5_000)}Node == x`).ok).toBe(false);
    expect(parseFilter(Array.from({ length: 2_000 }, () => "Node == x").join(" or ")).ok).toBe(true);
  });

  it("reads and writes Go's strings", () => {
    expect(unquoteGoString("a\\tb\\\\")).toBe("a\tb\\");
    expect(unquoteGoString("\\ud800")).toBeNull();
    expect(quoteGoString('a"\n\\')).toBe('"a\\"\\n\\\\"');
    expect(new Scanner("-1.5 ").number()).toBe("-1.5");
  });
});
