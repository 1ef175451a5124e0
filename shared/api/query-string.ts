// A query string read as Go's net/url does: "+" is a space, ";" separates too, a malformed pair is left out.

/** All values by name, in order of appearance. */
export type QueryValues = ReadonlyMap<string, readonly string[]>;

const none: QueryValues = new Map();

/** Parses what stands behind "?". */
export function parseQueryString(raw: string): QueryValues {
  if (raw === "") return none;
  const values = new Map<string, string[]>();
  let start = 0;
  while (start <= raw.length) {
    const end = endOfPair(raw, start);
    if (end > start) addPair(values, raw.slice(start, end));
    start = end + 1;
  }
  return values;
}

function endOfPair(raw: string, start: number): number {
  for (let at = start; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code === 0x26 || code === 0x3b) return at;
  }
  return raw.length;
}

function addPair(values: Map<string, string[]>, pair: string): void {
  const equals = pair.indexOf("=");
  const name = decodePart(equals < 0 ? pair : pair.slice(0, equals));
  const value = equals < 0 ? "" : decodePart(pair.slice(equals + 1));
  if (name === null || value === null) return;
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else known.push(value);
}

function decodePart(text: string): string | null {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  return percentDecode(spaced);
}

/** True when a "%" stands in it that no two hexadecimal digits follow. */
export function isMalformedQuery(raw: string): boolean {
  return /%(?![0-9a-fA-F]{2})/.test(raw);
}

/** Undoes percent-encoding; null when it is malformed. Bytes that are no UTF-8 become U+FFFD. */
export function percentDecode(text: string): string | null {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodeLenient(text);
  }
}

function decodeLenient(text: string): string | null {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      bytes.push(...new TextEncoder().encode(text[at]));
      continue;
    }
    const hex = text.slice(at + 1, at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return null;
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** Prints a query string as Go's url.Values.Encode does: sorted by name, spaces as "+". */
export function encodeQueryString(raw: string): string {
  const values = [...parseQueryString(raw)].sort(([a], [b]) => (a < b ? -1 : 1));
  return values
    .flatMap(([name, all]) => all.map((value) => `${encodePart(name)}=${encodePart(value)}`))
    .join("&");
}

function encodePart(text: string): string {
  const wellFormed = new TextDecoder().decode(new TextEncoder().encode(text)); // lone surrogates cannot be encoded
  return encodeURIComponent(wellFormed)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
