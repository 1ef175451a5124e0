// Differences that are deliberate; each stands with its reason in docs/divergence.md. A line that becomes "<deliberate>"
// is not compared, and neither is the part that `instead` leaves out.

export type Divergence = { readonly pattern: RegExp; readonly instead: string };

export const divergences: readonly Divergence[] = [
  // What Legate adds: the number of a lock that only grows.
  { pattern: /^X-Legate-Fencing: .*$/, instead: "<deliberate>" },
];
