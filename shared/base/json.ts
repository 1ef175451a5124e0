// JSON as Consul writes it: compact or indented by four spaces with a newline, and KV flags as unrounded u64 numbers.

/** Writes `value` as JSON. `Flags` of a DirEntry is decimal text inside and a number outside. */
export function toJson(value: unknown, pretty = false): string {
  if (!pretty) return JSON.stringify(value, flagsAsNumber);
  return `${JSON.stringify(value, flagsAsNumber, 4)}\n`;
}

/** For values that are known to hold no Flags: native speed. */
export function toPlainJson(value: unknown, pretty = false): string {
  return pretty ? `${JSON.stringify(value, null, 4)}\n` : JSON.stringify(value);
}

// Only an object shaped like a DirEntry (Flags beside LockIndex) is meant: "Flags" may also be a user's map key.
function flagsAsNumber(this: unknown, key: string, value: unknown): unknown {
  if (key !== "Flags" || typeof value !== "string") return value;
  if (typeof this !== "object" || this === null || !("LockIndex" in this)) return value;
  return JSON.rawJSON(value);
}
