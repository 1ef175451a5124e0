// Invariants of the program itself. What a peer or a client sent is validated, never asserted.

/** Throws when `condition` does not hold; `what` says what must hold. Stays on in production. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${what}`);
}

/** Marks the branch of a union that cannot be reached. */
export function assertNever(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`);
}
