// Random texts of HCL's own pieces, right and wrong, and random values to write and read again.

import { nextRandom } from "../../../shared/base/prng.ts";

const tokens = [
  "a",
  "b-c.d",
  '"x"',
  '"',
  "\\",
  "${",
  "{",
  "}",
  "[",
  "]",
  "=",
  ",",
  ":",
  "1",
  "-0x1f",
  "1.5e3",
  "true",
  "null",
  "#",
  "//",
  "/*",
  "*/",
  "<<E\n",
  "<<-E\n",
  "\nE\n",
  "\n",
  " ",
  "é",
  "\u0000",
  "\ud800",
] as const;

/** `pieces`: a text of up to 30 pieces; `written`: an object without null. */
export function prngOf(seed: number) {
  let state = seed;
  const below = (bound: number): number => {
    const next = nextRandom(state);
    state = next.state;
    return Math.floor(next.value * bound);
  };
  const pieces = (): string =>
    Array.from({ length: below(30) }, () => tokens[below(tokens.length)] ?? "").join(
      below(2) === 0 ? " " : "",
    );
  const value = (depth: number): unknown => {
    const kind = below(depth > 3 ? 3 : 5);
    if (kind === 0) return below(1000) - 500;
    if (kind === 1) return `t${below(10)}"\n${"é".repeat(below(3))}`;
    if (kind === 2) return below(2) === 0;
    if (kind === 3) return Array.from({ length: below(4) }, () => value(depth + 1));
    return object(depth + 1);
  };
  const object = (depth: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: below(4) }, (_, at) => [`k${at}`, value(depth)] as const));
  return { pieces, written: () => object(0) };
}
