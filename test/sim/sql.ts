// A plain database in memory for tests of one driver; the simulator's own disks, with their faults, are in disk.ts.

import { type MemorySql, memorySql } from "../support/memory-sql.ts";

export function simulatedDisk(): { readonly sql: MemorySql } {
  return { sql: memorySql() };
}
