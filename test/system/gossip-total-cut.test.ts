// All agents of a site lose the server at once (its cable is pulled): nobody is expired, it is said why, and all is well
// when the cable is back. Needs root, iproute2 and nftables; runs by itself where the machine permits it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/legate-process.ts";
import { Site } from "../support/namespace-agents.ts";
import { whyNoNetworks } from "../support/namespaces.ts";

const missing = whyNoNetworks();
if (missing !== null) process.stdout.write(`skipped: cutting five agents from their server: ${missing}\n`);

type Health = {
  readonly MembersFrozen: boolean;
  readonly Reason: string;
  readonly Vanished: readonly string[];
};

describe.skipIf(missing !== null)("a server that loses all its agents", { timeout: 180_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site();
    await site.whole(90_000);
  }, 120_000);
  afterAll(() => site?.remove());

  const passing = { n1: "passing", n2: "passing", n3: "passing", n4: "passing", n5: "passing" };

  it("expires none of them, and says so", async () => {
    site.machine(1).plug(false);
    const health = await eventually("frozen", 100_000, () => {
      expect(site.serfHealth()).toEqual(passing);
      const now = site.ask<Health>(1, "/v1/operator/health");
      return now?.MembersFrozen === true ? now : undefined;
    });
    site.note(`frozen: ${health.Reason}`);
    expect(health.Vanished.length).toBeGreaterThanOrEqual(3);
    await eventually("the log says so", 5_000, () =>
      site.agents[0]?.output().includes("member expiry is frozen") ? true : undefined,
    );
    expect(site.machine(1).headers("/v1/internal/ui/nodes")).toMatch(
      /X-Legate-Members-Frozen: \d of 5 members vanished/i,
    );
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(site.serfHealth()).toEqual(passing);
  });

  it("goes on as before when they are back", async () => {
    site.machine(1).plug(true);
    await site.whole(120_000);
    await eventually("not frozen", 30_000, () =>
      site.ask<Health>(1, "/v1/operator/health")?.MembersFrozen === false ? true : undefined,
    );
    site.note("not frozen any more");
    expect(site.serfHealth()).toEqual(passing);
  });
});
