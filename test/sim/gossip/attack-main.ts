// node test/sim/gossip/attack-main.ts [--minutes 10] [--seed 1]: attacks pools for so long, plain and encrypted in turn,
// and prints what was sent, what was refused, and the memory in use. A failure prints its seed.

import { parseArgs } from "node:util";
import { AttackedPool } from "./attack.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
});
const end = performance.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed);
let sent = 0;
let largestHeapBytes = 0;
let refused = 0;
let dropped = 0;
for (; performance.now() < end; seed += 1) {
  try {
    const attacked = new AttackedPool(seed % 2 === 0, seed);
    await attacked.open();
    await attacked.mutatedVectors(10_000, 40); // more cuts than any vector has bytes: every one
    await attacked.crashShapes();
    await attacked.generated(3_000);
    sent += attacked.sent;
    for (const pool of attacked.pools) {
      const driver = pool.driver();
      refused += driver?.state.counters.refused ?? 0;
      dropped += (driver?.counters.packetsDropped ?? 0) + (driver?.counters.partsDropped ?? 0);
    }
    if (!(await attacked.recovers())) throw new Error("the pool is not whole again");
    largestHeapBytes = Math.max(largestHeapBytes, process.memoryUsage().heapUsed);
    console.log(
      `seed ${seed}: ${sent} packets and streams, ${dropped} unreadable, ${refused} refused, ` +
        `largest heap ${(largestHeapBytes / 1e6).toFixed(0)} MB`,
    );
  } catch (error) {
    console.error(error);
    console.error(`replay: node test/sim/gossip/attack-main.ts --minutes 0.01 --seed ${seed}`);
    process.exit(1);
  }
}
