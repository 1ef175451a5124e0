// Whoever waits for a change is told when it happens, and does not find it out when the waiting is over.

import type { DirEntry } from "../../../shared/structs/kv.ts";
import type { Cluster, World } from "../cluster.ts";

/** Slow disks and late messages may take so long; a missed change shows after up to 40 s. */
const toldMillisMax = 15_000;

/** A blocking query was answered just now by `server`, with entries that changed since the index that it gave. */
export function checkToldInTime(
  { clock }: World,
  cluster: Cluster,
  asked: { readonly server: string; readonly query: string; readonly since: number },
  changed: readonly DirEntry[],
): void {
  for (const { Key, ModifyIndex } of changed) {
    const at = cluster.appliedAt(asked.server, ModifyIndex);
    if (at === null) continue;
    const late = clock.now() - Math.max(at, asked.since);
    if (late <= toldMillisMax) continue;
    throw new Error(
      `${asked.server} applied a change of ${Key} at ${ModifyIndex} ${late} ms ago, and tells who waits for ${asked.query} only now`,
    );
  }
}
