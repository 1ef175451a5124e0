// Reads the parts of an expression that stand for one character: escapes and [...] (Go's regexp syntax).

import { perlClasses, posixClasses, unicodeClass } from "./classes.ts";
import { type CharacterSet, SyntaxProblem } from "./syntax.ts";

type Other = (code: number) => boolean;

export type Escape =
  | { readonly kind: "code"; readonly code: number; readonly end: number }
  | {
      readonly kind: "class";
      readonly ranges: CharacterSet["ranges"];
      readonly others: readonly Other[];
      readonly negated: boolean;
      readonly end: number;
    };

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The escape that begins at `start` with a backslash: one character, or a class as \d and \p{L}. */
export function parseEscape(text: string, start: number): Escape {
  const letter = text[start + 1] ?? "";
  const perl = perlClasses.get(letter.toLowerCase());
  if (letter !== "" && perl !== undefined) {
    return {
      kind: "class",
      ranges: perl,
      others: [],
      negated: letter !== letter.toLowerCase(),
      end: start + 2,
    };
  }
  if (letter === "p" || letter === "P") return parseUnicodeClass(text, start, letter === "P");
  return parseEscapedCode(text, start);
}

function parseEscapedCode(text: string, start: number): Escape & { kind: "code" } {
  const code = text.codePointAt(start + 1);
  if (code === undefined) throw new SyntaxProblem("trailing backslash at end of expression", "");
  const letter = String.fromCodePoint(code);
  const end = start + 1 + letter.length;
  const invalid = (to: number) => new SyntaxProblem("invalid escape sequence", text.slice(start, to));
  if (code < 0x80 && !/[0-9A-Za-z]/.test(letter)) return { kind: "code", code, end };
  const control = Object.hasOwn(controls, letter) ? controls[letter] : undefined;
  if (control !== undefined) return { kind: "code", code: control, end };
  if (/[0-7]/.test(letter)) {
    const octal = /[0-7]{1,3}/y;
    octal.lastIndex = start + 1;
    const digits = octal.exec(text)?.[0] ?? "";
    if (letter !== "0" && digits.length === 1) throw invalid(end); // would be a back-reference
    return { kind: "code", code: Number.parseInt(digits, 8), end: start + 1 + digits.length };
  }
  if (letter !== "x") throw invalid(end);
  const hex = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/y;
  hex.lastIndex = start + 1;
  const found = hex.exec(text);
  const value = Number.parseInt(found?.[1] ?? found?.[2] ?? "", 16);
  if (found === null || !(value <= 0x10ffff)) throw invalid(endOfBrokenHex(text, start));
  return { kind: "code", code: value, end: start + 1 + found[0].length };
}

/** As far as Go read before it gave up. */
function endOfBrokenHex(text: string, start: number): number {
  const read = /\\x(\{[0-9A-Fa-f]*[^0-9A-Fa-f}]?|[0-9A-Fa-f]?[^0-9A-Fa-f]?)/y;
  read.lastIndex = start;
  return start + (read.exec(text)?.[0].length ?? 2);
}

function parseUnicodeClass(text: string, start: number, capital: boolean): Escape {
  const braced = text[start + 2] === "{";
  const close = braced ? text.indexOf("}", start) : -1;
  const end = braced ? close + 1 : start + 3;
  const whole = text.slice(start, braced && close < 0 ? undefined : end);
  let name = braced ? text.slice(start + 3, close < 0 ? undefined : close) : (text[start + 2] ?? "");
  const caret = name.startsWith("^");
  if (caret) name = name.slice(1);
  const other = braced && close < 0 ? null : unicodeClass(name);
  if (other === null) throw new SyntaxProblem("invalid character class range", whole);
  return { kind: "class", ranges: [], others: [other], negated: capital !== caret, end };
}

/** The set that begins at `start` with "[". */
export function parseCharacterSet(
  text: string,
  start: number,
  foldCase: boolean,
): { readonly set: CharacterSet; readonly end: number } {
  const ranges: [number, number][] = [];
  const others: Other[] = [];
  let at = start + 1;
  const negated = text[at] === "^";
  if (negated) at++;
  for (let first = true; first || text[at] !== "]"; first = false) {
    const posix = text.startsWith("[:", at) ? parsePosix(text, at) : null;
    const named = text[at] === "\\" && /[dswDSWpP]/.test(text[at + 1] ?? "") ? parseEscape(text, at) : posix;
    if (named?.kind === "class") {
      addClass(named, ranges, others);
      at = named.end;
      continue;
    }
    const low = member(text, at, start);
    at = low.end;
    let high = low;
    if (text[at] === "-" && at + 1 < text.length && text[at + 1] !== "]") {
      high = member(text, at + 1, start);
      if (high.code < low.code) {
        throw new SyntaxProblem("invalid character class range", text.slice(low.start, high.end));
      }
      at = high.end;
    }
    ranges.push([low.code, high.code]);
  }
  return { set: { ranges, others, negated, foldCase }, end: at + 1 };
}

function addClass(named: Escape & { kind: "class" }, ranges: [number, number][], others: Other[]): void {
  if (!named.negated) {
    for (const [low, high] of named.ranges) ranges.push([low, high]);
    others.push(...named.others);
    return;
  }
  others.push(
    (code) =>
      !named.ranges.some(([low, high]) => code >= low && code <= high) &&
      !named.others.some((other) => other(code)),
  );
}

/** [:alpha:] and [:^alpha:]; null when no ":]" follows. */
function parsePosix(text: string, start: number): Escape | null {
  const close = text.indexOf(":]", start + 2);
  if (close < 0) return null;
  const end = close + 2;
  const caret = text[start + 2] === "^";
  const ranges = posixClasses.get(text.slice(start + (caret ? 3 : 2), close));
  if (ranges === undefined) {
    throw new SyntaxProblem("invalid character class range", text.slice(start, end));
  }
  return { kind: "class", ranges, others: [], negated: caret, end };
}

function member(text: string, at: number, setStart: number): { code: number; start: number; end: number } {
  const code = text.codePointAt(at);
  if (code === undefined) throw new SyntaxProblem("missing closing ]", text.slice(setStart));
  if (code !== 0x5c) return { code, start: at, end: at + (code > 0xffff ? 2 : 1) };
  const escaped = parseEscapedCode(text, at);
  return { code: escaped.code, start: at, end: escaped.end };
}
