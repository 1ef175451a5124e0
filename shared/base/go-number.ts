// Go's strconv: unsigned 64-bit numbers and booleans as query strings carry them.

import type { U64 } from "./brand.ts";
import { fail, ok, type Result } from "./result.ts";

const maxUint64 = 18_446_744_073_709_551_615n;
const digits = /^\d+$/;

/** The number as canonical decimal text; the error is Go's own. */
export function parseUint64(text: string): Result<U64, string> {
  if (!digits.test(text)) return fail(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  const number = BigInt(text);
  if (number > maxUint64) return fail(`strconv.ParseUint: parsing "${text}": value out of range`);
  return ok(String(number) as U64);
}

/** null when Go's ParseBool would refuse the text. */
export function parseGoBoolean(text: string): boolean | null {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(text) ? false : null;
}
