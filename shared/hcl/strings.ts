// Texts of HCL 1 in double quotes: Go's escapes; what stands in "${…}" is kept as it is, quotes and line ends included.

import { goEscapes } from "../base/go-escapes.ts";

type StringRead =
  | { readonly value: string /** Behind the closing quote. */; readonly end: number }
  | { readonly mistake: string; readonly at: number };

const plain: Readonly<Record<string, string>> = { ...goEscapes, "/": "/" };

const coded = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}/y;
const codePointMax = 0x10_ffff;

/** Reads the text whose opening quote stands at `from`. */
export function readString(text: string, from: number): StringRead {
  let value = "";
  let at = from + 1;
  let depth = 0; // of "${"
  for (;;) {
    const char = text[at];
    if (char === undefined || (char === "\n" && depth === 0))
      return { mistake: "literal not terminated", at };
    if (depth === 0 && char === '"') return { value, end: at + 1 };
    if (char === "$" && text[at + 1] === "{") {
      depth += 1;
      value += "${";
      at += 2;
    } else if (depth > 0) {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      value += char;
      at += 1;
    } else if (char === "\\") {
      const escaped = readEscape(text, at + 1);
      if (escaped === null) return { mistake: "illegal char escape", at: at + 1 };
      value += escaped.value;
      at += 1 + escaped.length;
    } else {
      value += char;
      at += 1;
    }
  }
}

function readEscape(text: string, at: number): { readonly value: string; readonly length: number } | null {
  const known = plain[text[at] ?? ""];
  if (known !== undefined) return { value: known, length: 1 };
  coded.lastIndex = at;
  const found = coded.exec(text)?.[0];
  if (found === undefined) return null;
  const isOctal = /^[0-7]/.test(found);
  const point = isOctal ? Number.parseInt(found, 8) : Number.parseInt(found.slice(1), 16);
  if (point > codePointMax) return null;
  return { value: String.fromCodePoint(point), length: found.length };
}
