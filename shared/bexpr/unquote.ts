// Go's strconv.Unquote and strconv.Quote, as far as filters need them.

import { goEscapes } from "../base/go-escapes.ts";

const escapes =
  /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\|\n/g;

/** The text that stands between double quotes; null when Go would refuse it. */
export function unquoteGoString(inner: string): string | null {
  let wrong = false;
  const text = inner.replace(escapes, (whole, letter, byte, short, long, octal) => {
    if (letter !== undefined) return goEscapes[letter as string] ?? "";
    const hex = (byte ?? short ?? long) as string | undefined;
    const code = hex === undefined ? Number.parseInt(octal ?? "", 8) : Number.parseInt(hex, 16);
    const isByte = byte !== undefined || octal !== undefined;
    const bad = Number.isNaN(code) || code > (isByte ? 255 : 0x10ffff) || (!isByte && isSurrogate(code));
    if (bad || whole === "\n") {
      wrong = true;
      return "";
    }
    return String.fromCodePoint(code);
  });
  return wrong ? null : text;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** As Go's %q prints it. */
export function quoteGoString(text: string): string {
  let quoted = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const letter = Object.entries(goEscapes).find(([, value]) => value === character)?.[0];
    if (letter !== undefined) quoted += `\\${letter}`;
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else quoted += character;
  }
  return `"${quoted}"`;
}
