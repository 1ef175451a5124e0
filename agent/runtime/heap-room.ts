// How much garbage V8 may let stand. A quiet agent has its heap collected when it has grown by a seventh, and so takes
// some 8 MB less; a busy one, for whom that would be most of its work, when V8 thinks best.

import { setFlagsFromString } from "node:v8";

/** Share of the time that the event loop works. Above it is busy. */
const busyShare = 0.3;
const lookMillis = 20_000;
const quietGrowthPercent = 15;
/** V8's own choice, which follows the rate of allocation. */
const ownChoice = 0;

export type HeapRoomPorts = {
  /** Since the last call. */
  busyShare(): number;
  setGrowthPercent(percent: number): void;
};

/** Looks now and then; the returned function ends it. Nothing is changed before the first look, so that starts are fast. */
export function fitHeapToLoad(ports: HeapRoomPorts = nodeHeap()): () => void {
  let percent = ownChoice;
  const timer = setInterval(() => {
    const wanted = ports.busyShare() > busyShare ? ownChoice : quietGrowthPercent;
    if (wanted === percent) return;
    percent = wanted;
    ports.setGrowthPercent(wanted);
  }, lookMillis);
  timer.unref();
  return () => clearInterval(timer);
}

function nodeHeap(): HeapRoomPorts {
  let before = performance.eventLoopUtilization();
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    setGrowthPercent: (percent) => setFlagsFromString(`--heap-growing-percent=${percent}`),
  };
}
