// Base64 of bytes, as Go's encoding/json writes []byte.

import { fail, ok, type Result } from "./result.ts";

const chunkBytes = 0x8000; // String.fromCharCode takes its bytes as arguments, whose number is limited

/** Standard alphabet, padded. */
export function bytesToBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // apply takes the bytes as they lie there; to spread them goes through an iterator, 20 ns for each.
    binary += String.fromCharCode.apply(null, bytes.subarray(at, at + chunkBytes) as unknown as number[]);
  }
  return btoa(binary);
}

/** The bytes; null when the text is no base64. */
export function base64ToBytes(text: string): Uint8Array | null {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

const alphabet = /^[A-Za-z0-9+/]$/;

/** Base64 as Go's decoder takes it (line breaks anywhere), in canonical form; the error is Go's own. */
export function goBase64(text: string): Result<string, string> {
  const at = corruptAt(text);
  if (at !== null) return fail(`illegal base64 data at input byte ${at}`);
  const bytes = base64ToBytes(text.replace(/[\r\n]/g, ""));
  return ok(bytes === null ? "" : bytesToBase64(bytes));
}

/** Where Go's encoding/base64 finds the first mistake; null when there is none. */
function corruptAt(text: string): number | null {
  let inGroup = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\n" || character === "\r") continue;
    if (alphabet.test(character)) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (character !== "=" || inGroup < 2) return at;
    return corruptPadding(text, at, inGroup);
  }
  return inGroup === 0 ? null : text.length - inGroup;
}

function corruptPadding(text: string, first: number, inGroup: number): number | null {
  let at = afterBreaks(text, first + 1);
  if (inGroup === 2) {
    if (at === text.length) return at;
    if (text[at] !== "=") return at - 1;
    at = afterBreaks(text, at + 1);
  }
  return at < text.length ? at : null;
}

function afterBreaks(text: string, from: number): number {
  let at = from;
  while (text[at] === "\n" || text[at] === "\r") at++;
  return at;
}
