// Differences that are deliberate; each stands with its reason in docs/divergence.md. A line that becomes "<deliberate>"
// is not compared, and neither is the part that `instead` leaves out.

export type Divergence = { readonly pattern: RegExp; readonly instead: string };

export const divergences: readonly Divergence[] = [
  // What Legate adds: the number of a lock that only grows.
  { pattern: /^X-Legate-Fencing: .*$/, instead: "<deliberate>" },
  // Errors of the command line name the next step.
  {
    pattern: /Unexpected response code: 500 \(No path to datacenter\)/,
    instead: "Unexpected response code: 500",
  },
  { pattern: /\.? Example: legate .*$/, instead: "" },
  { pattern: /^All options: legate .*$/, instead: "<deliberate>" },
  { pattern: /\.? All options: legate .*$/, instead: "" },
  { pattern: /^Is an agent running at .*$/, instead: "<deliberate>" },
  // The programs have different names.
  { pattern: /\blegate\b/gi, instead: "consul" },
  { pattern: /\bConsul\b/g, instead: "consul" },
];
