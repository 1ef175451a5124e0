// Five agents on five machines (network namespaces) with real cables to pull: one cut off both ways and one one way at
// the same time, 30 % loss, healing. Needs root, iproute2 and nftables; runs by itself where the machine permits it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Site } from "../support/namespace-agents.ts";
import { whyNoNetworks } from "../support/namespaces.ts";

const missing = whyNoNetworks();
if (missing !== null) process.stdout.write(`skipped: pulling cables between five agents: ${missing}\n`);

describe.skipIf(missing !== null)("five agents on five machines", { timeout: 180_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site();
    await site.whole(90_000);
  }, 120_000);
  afterAll(() => site?.remove());

  it("notice who is cut off, also when it only is not heard, and the catalog follows within seconds", async () => {
    site.machine(5).plug(false);
    site.machine(4).lose("output", 100);
    await site.seen("n5 without cable, n4 not heard: failed", [1, 2, 3], { n4: 4, n5: 4 }, 30_000);
    // Their links look alive for a minute: it is gossip's word that counts where the server gossips.
    // Two of five are followed up for 10 s, because with a third nobody would be expired.
    await site.health("critical", { n4: "critical", n5: "critical", n2: "passing", n3: "passing" }, 20_000);
    site.machine(5).plug(true);
    site.machine(4).lose("output", 0);
    await site.whole(90_000);
    site.machine(5).plug(false);
    await site.seen("n5 without cable: failed", [1], { n5: 4 }, 30_000);
    await site.health("critical", { n5: "critical", n4: "passing" }, 6_000);
    site.machine(5).plug(true);
    await site.whole(90_000);
  });

  it("lose hardly anybody to 30 % loss at every machine, and nobody for good", async () => {
    const before = site.failures();
    for (let at = 1; at <= 5; at += 1) site.machine(at).lose("input", 30);
    await new Promise((resolve) => setTimeout(resolve, 25_000));
    for (let at = 1; at <= 5; at += 1) site.machine(at).lose("input", 0);
    const more = site.failures().map((count, at) => count - (before[at] ?? 0));
    site.note(`failures in 25 s of 30 % loss, by machine: ${more.join(" ")}`);
    expect(more.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
    await site.whole(90_000);
  });
});
