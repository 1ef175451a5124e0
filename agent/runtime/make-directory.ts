// Makes a directory and what is missing above it. Node's own `recursive` never returns where the file system refuses
// a new entry with ENOENT (below /proc, for example): it believes that the parent is missing and tries again.

import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Only the owner may look into what is made here. Throws Node's own error when `path` is not a directory afterwards. */
export function makeDirectory(path: string): void {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) return;
  const parent = dirname(path);
  if (existing === undefined && parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    const taken = (error as NodeJS.ErrnoException).code === "EEXIST";
    if (!taken || !statSync(path).isDirectory()) throw error;
  }
}
