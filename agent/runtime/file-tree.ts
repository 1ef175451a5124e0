// Writes a directory of files that only their owner may read (legate debug -archive=false).

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Makes the directories as they are needed; throws Node's errors. */
export function writeFileTree(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, bytes, { mode: 0o600 });
  }
}
