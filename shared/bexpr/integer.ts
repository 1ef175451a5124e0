// Go's strconv.ParseInt with base 0: decimal, 0x, 0o, 0b and octal with a leading zero, underscores between digits.

import { fail, ok, type Result } from "../base/result.ts";
import { quoteGoString } from "./unquote.ts";

const digits = /^[+-]?(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO]?(_?[0-7])+|0|[1-9](_?[0-9])*)$/;
const max = 2n ** 63n - 1n;

/** The number; the error is Go's. A number that JavaScript cannot hold exactly equals no row's anyway. */
export function parseGoInteger(text: string): Result<number, string> {
  const problem = (what: string) => fail(`strconv.ParseInt: parsing ${quoteGoString(text)}: ${what}`);
  if (!digits.test(text)) return problem("invalid syntax");
  const negative = text.startsWith("-");
  const plain = text.replace(/^[+-]/, "").replaceAll("_", "").toLowerCase();
  const octal = /^0[0-7]+$/.test(plain) ? `0o${plain.slice(1)}` : plain;
  const value = BigInt(octal);
  if (value > (negative ? max + 1n : max)) return problem("value out of range");
  return ok(Number(negative ? -value : value));
}
