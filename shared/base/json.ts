// JSON as Consul writes it: compact or indented by four spaces with a newline, KV flags as unrounded u64 numbers, and
// escapes as Go's encoder makes them.

/** Writes `value` as JSON. `Flags` of a DirEntry is decimal text inside and a number outside. */
export function toJson(value: unknown, pretty = false): string {
  if (!pretty) return withGoEscapes(JSON.stringify(value, flagsAsNumber));
  return `${withGoEscapes(JSON.stringify(value, flagsAsNumber, 4))}\n`;
}

/** For values that are known to hold no Flags: native speed. */
export function toPlainJson(value: unknown, pretty = false): string {
  return pretty ? `${withGoEscapes(JSON.stringify(value, null, 4))}\n` : withGoEscapes(JSON.stringify(value));
}

const escapedByGo = /[<>&\u2028\u2029\ufffd]|\\[bf]/;
// A pair of backslashes is taken as one, so that the second does not begin an escape.
const eachEscapedByGo = /\\\\|[<>&\u2028\u2029\ufffd]|\\[bf]/g;

/**
 * The same JSON with Go's escapes: "<", ">" and "&" cannot end a script element, U+2028 and U+2029 no line of one, a byte
 * that is no UTF-8 reads \ufffd, and \b and \f have no short form.
 */
export function withGoEscapes(json: string): string {
  if (!escapedByGo.test(json)) return json;
  return json.replace(eachEscapedByGo, (found) => {
    if (found === "\\\\") return found;
    const code = found === "\\b" ? 8 : found === "\\f" ? 12 : found.charCodeAt(0);
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// Only an object shaped like a DirEntry (Flags beside LockIndex) is meant: "Flags" may also be a user's map key.
function flagsAsNumber(this: unknown, key: string, value: unknown): unknown {
  if (key !== "Flags" || typeof value !== "string") return value;
  if (typeof this !== "object" || this === null || !("LockIndex" in this)) return value;
  return JSON.rawJSON(value);
}
