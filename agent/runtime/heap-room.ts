// How much garbage V8 may let stand. A quiet agent has its heap collected when it has grown by a seventh, and so takes
// some 15 MB less; a busy one, for whom that would be most of its work, when V8 thinks best. V8 never takes less than some
// megabytes as a step, so that is looked at here, too. What a start or a busy time has left in pieces is put together once
// it is quiet, a few times an hour: a pause of some 50 ms.

import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Share of the time that the event loop works. Above it is busy. */
const busyShare = 0.3;
const lookMillis = 20_000;
const quietGrowthPercent = 15;
const looksBetweenCompactions = 45;
/** V8's own choice, which follows the rate of allocation. */
const ownChoice = 0;

export type HeapRoomPorts = {
  /** Since the last call. */
  busyShare(): number;
  setGrowthPercent(percent: number): void;
  usedBytes(): number;
  collect(): void;
  compact(): void;
};

/** Looks now and then; the returned function ends it. Nothing is changed before the first look, so that starts are fast. */
export function fitHeapToLoad(ports: HeapRoomPorts = nodeHeap()): () => void {
  let percent = ownChoice;
  let looksLeft = 1;
  /** What was in use after the last collection of ours. */
  let live = Number.POSITIVE_INFINITY;
  const tidy = (how: () => void): void => {
    how();
    live = ports.usedBytes();
  };
  const timer = setInterval(() => {
    const wanted = ports.busyShare() > busyShare ? ownChoice : quietGrowthPercent;
    if (wanted !== percent) ports.setGrowthPercent(wanted);
    else if (wanted === quietGrowthPercent) {
      if (looksLeft-- <= 0) {
        looksLeft = looksBetweenCompactions;
        tidy(ports.compact);
      } else if (ports.usedBytes() > live * (1 + quietGrowthPercent / 100)) tidy(ports.collect);
    }
    percent = wanted;
  }, lookMillis);
  timer.unref();
  return () => clearInterval(timer);
}

type Collect = (how: { readonly type: string; readonly execution: string; readonly flavor: string }) => void;

/** V8's collector, which a context shows that was made under this flag. */
function collector(): Collect {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return collect;
}

function nodeHeap(): HeapRoomPorts {
  let collect: Collect | null = null;
  let before = performance.eventLoopUtilization();
  const major = (flavor: string): void => {
    collect ??= collector();
    collect({ type: "major", execution: "sync", flavor });
  };
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    setGrowthPercent: (percent) => setFlagsFromString(`--heap-growing-percent=${percent}`),
    usedBytes: () => getHeapStatistics().used_heap_size,
    collect: () => major("regular"),
    compact: () => major("last-resort"),
  };
}
