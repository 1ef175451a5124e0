// Reads one configuration file as JSON. On a mistake it says file, line and column, what stands there and what to do:
// JSON.parse gives a position only for some mistakes, so a strict reader looks for the place when it fails.

import { fail, ok, type Result } from "../../shared/base/result.ts";

/** The object in a file; an empty file is an empty object, as in Consul. */
export function parseJsonSource(path: string, source: string): Result<Record<string, unknown>, string> {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  if (text.trim() === "") return ok({});
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const mistake = locateMistake(text);
    const before = text.slice(0, mistake.offset).split("\n");
    const place = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
    return fail(
      `failed to parse ${path}: ${place}: ${mistake.what}. Correct the file and try again: legate validate ${path}`,
    );
  }
  if (value === null) return ok({});
  if (typeof value !== "object" || Array.isArray(value))
    return fail(
      `failed to parse ${path}: a configuration file holds one JSON object in braces, this one holds ${kindOf(value)}`,
    );
  return ok(value as Record<string, unknown>);
}

/** What a value is, in a reader's words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "boolean") return "true or false";
  return typeof value === "number" ? "a number" : "a string";
}

type Mistake = { readonly offset: number; readonly what: string };

class Located extends Error {
  readonly mistake: Mistake;
  constructor(mistake: Mistake) {
    super(mistake.what);
    this.mistake = mistake;
  }
}

/** Where a text stops being JSON; called only for texts that JSON.parse refused. */
export function locateMistake(text: string): Mistake {
  const reader = { text, at: 0 };
  try {
    readValue(reader, 0);
    skipSpace(reader);
    if (reader.at < text.length) stop(reader, "nothing more may follow after the closing brace");
  } catch (error) {
    if (error instanceof Located) return error.mistake;
    throw error;
  }
  return { offset: text.length, what: "this is not JSON" };
}

type Reader = { readonly text: string; at: number };

function readValue(reader: Reader, depth: number): void {
  if (depth > 200) stop(reader, "nested too deeply");
  skipSpace(reader);
  const char = reader.text[reader.at] ?? "";
  if (char === "{") readObject(reader, depth);
  else if (char === "[") readList(reader, depth);
  else if (char === '"') readString(reader);
  else readWord(reader);
}

function readWord(reader: Reader): void {
  const word = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/.exec(
    reader.text.slice(reader.at, reader.at + 400),
  );
  if (word === null) stop(reader, 'a value is expected: "text", number, true, false, null, {…} or […]');
  else reader.at += word[0].length;
}

function readObject(reader: Reader, depth: number): void {
  reader.at += 1;
  skipSpace(reader);
  if (take(reader, "}")) return;
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] !== '"')
      stop(reader, 'a key in "double quotes" is expected (no comma before "}")');
    readString(reader);
    skipSpace(reader);
    if (!take(reader, ":")) stop(reader, 'a ":" is expected after the key');
    readValue(reader, depth + 1);
    skipSpace(reader);
    if (take(reader, "}")) return;
    if (!take(reader, ",")) stop(reader, 'a "," or "}" is expected');
  }
}

function readList(reader: Reader, depth: number): void {
  reader.at += 1;
  skipSpace(reader);
  if (take(reader, "]")) return;
  for (;;) {
    readValue(reader, depth + 1);
    skipSpace(reader);
    if (take(reader, "]")) return;
    if (!take(reader, ",")) stop(reader, 'a "," or "]" is expected');
  }
}

function readString(reader: Reader): void {
  const start = reader.at;
  reader.at += 1;
  for (;;) {
    const char = reader.text[reader.at];
    if (char === undefined || char === "\n") {
      reader.at = start;
      stop(reader, "a string begins here and its closing quote is missing on this line");
    } else if (char === '"') {
      reader.at += 1;
      return;
    } else if (char === "\\") {
      const escaped = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(reader.text.slice(reader.at, reader.at + 6));
      if (escaped === null) stop(reader, 'a "\\" in a string is written "\\\\"');
      else reader.at += escaped[0].length;
    } else if (char < " ") {
      stop(reader, "a control character in a string is written as \\u00XX");
    } else {
      reader.at += 1;
    }
  }
}

function take(reader: Reader, char: string): boolean {
  if (reader.text[reader.at] !== char) return false;
  reader.at += 1;
  return true;
}

function skipSpace(reader: Reader): void {
  while (/[ \t\r\n]/.test(reader.text[reader.at] ?? "")) reader.at += 1;
}

function stop(reader: Reader, expected: string): never {
  const char = reader.text[reader.at];
  const here = char === undefined ? "the file ends" : `found '${char}'`;
  throw new Located({ offset: reader.at, what: `${here}: ${expected}` });
}
