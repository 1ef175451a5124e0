// §5.3 Log Matching: if two logs hold an entry with the same index and term, they are the same up to there.

import type { SimulatedDisk } from "../sql.ts";

type Pair = readonly [term: number, command: string];

/** Compares what is on the disks. */
export function checkLogMatching(disks: readonly SimulatedDisk[]): void {
  const logs = disks.map(readLog);
  for (const [i, a] of logs.entries()) {
    for (const b of logs.slice(i + 1)) compare(a, b);
  }
}

function compare(a: ReadonlyMap<number, Pair>, b: ReadonlyMap<number, Pair>): void {
  const common = [...a.keys()].filter((index) => b.has(index)).sort((x, y) => y - x);
  const met = common.findIndex((index) => a.get(index)?.[0] === b.get(index)?.[0]);
  if (met === -1) return;
  for (const index of common.slice(met)) {
    if (a.get(index)?.[0] !== b.get(index)?.[0] || a.get(index)?.[1] !== b.get(index)?.[1]) {
      throw new Error(`logs differ at ${index} although they agree at ${common[met]}`);
    }
  }
}

function readLog(disk: SimulatedDisk): ReadonlyMap<number, Pair> {
  const log = new Map<number, Pair>();
  let next: number | null = null;
  for (const row of disk.inspect("SELECT * FROM raft_log ORDER BY first_index")) {
    const first = Number(row.first_index);
    const entries = JSON.parse(String(row.entries)) as readonly Pair[];
    if (next !== null && first !== next) throw new Error(`a log has a gap before ${first}`);
    if (Number(row.last_index) !== first + entries.length - 1) throw new Error(`a row at ${first} lies`);
    for (const [i, pair] of entries.entries()) log.set(first + i, pair);
    next = first + entries.length;
  }
  return log;
}
