// Named sets of characters: Perl's \d, POSIX's [:alpha:], Unicode's \pL and \p{Greek}.

import type { CharacterSet } from "./syntax.ts";

type Ranges = CharacterSet["ranges"];

const digit: Ranges = [[0x30, 0x39]];
const upper: Ranges = [[0x41, 0x5a]];
const lower: Ranges = [[0x61, 0x7a]];
const alpha: Ranges = [...upper, ...lower];
const word: Ranges = [...digit, ...alpha, [0x5f, 0x5f]];
/** Perl's: without vertical tab. */
const space: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const punct: Ranges = [
  [0x21, 0x2f],
  [0x3a, 0x40],
  [0x5b, 0x60],
  [0x7b, 0x7e],
];

/** Of \d \s \w; a capital letter means all other characters. */
export const perlClasses: ReadonlyMap<string, Ranges> = new Map([
  ["d", digit],
  ["s", space],
  ["w", word],
]);

/** Of [[:name:]] */
export const posixClasses: ReadonlyMap<string, Ranges> = new Map<string, Ranges>([
  ["alnum", [...digit, ...alpha]],
  ["alpha", alpha],
  ["ascii", [[0, 0x7f]]],
  [
    "blank",
    [
      [0x09, 0x09],
      [0x20, 0x20],
    ],
  ],
  [
    "cntrl",
    [
      [0, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ["digit", digit],
  ["graph", [[0x21, 0x7e]]],
  ["lower", lower],
  ["print", [[0x20, 0x7e]]],
  ["punct", punct],
  [
    "space",
    [
      [0x09, 0x0d],
      [0x20, 0x20],
    ],
  ],
  ["upper", upper],
  ["word", word],
  ["xdigit", [...digit, [0x41, 0x46], [0x61, 0x66]]],
]);

const category =
  /^(C|Cc|Cf|Co|Cs|L|Ll|Lm|Lo|Lt|Lu|M|Mc|Me|Mn|N|Nd|Nl|No|P|Pc|Pd|Pe|Pf|Pi|Po|Ps|S|Sc|Sk|Sm|So|Z|Zl|Zp|Zs)$/;

/** A Unicode category or script by Go's name; null when there is none. One character is tested, so this cannot backtrack. */
export function unicodeClass(name: string): ((code: number) => boolean) | null {
  if (name === "Any") return () => true;
  if (!/^[A-Z][A-Za-z_]*$/.test(name)) return null;
  let pattern: RegExp;
  try {
    pattern = new RegExp(category.test(name) ? `^\\p{${name}}$` : `^\\p{Script=${name}}$`, "u");
  } catch {
    return null;
  }
  return (code) => pattern.test(String.fromCodePoint(code));
}
