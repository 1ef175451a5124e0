// Structural equality of plain values. A missing field equals an undefined one, and the catalog's null equals an
// empty map or list (Consul writes one or the other depending on who registered).

/** Whether both say the same to a reader of the catalog. */
export function same(left: unknown, right: unknown): boolean {
  const a = emptied(left);
  const b = emptied(right);
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) {
    if (!same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  }
  return true;
}

function emptied(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  return typeof value === "object" && Object.keys(value).length === 0 ? null : value;
}
